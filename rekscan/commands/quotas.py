"""`rekscan quotas`: the calls a second in use per operation, how to read the account's own, and what to ask AWS for."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jobs.apis import ask, sort_out
from jobs.aws.access import Aws
from jobs.errors import RekscanError, UsageError
from jobs.later import Later
from jobs.money.quota_names import Read, refresh
from jobs.money.quotas import QuotaTable
from jobs.money.stored import data_folder, store, stored_quotas
from jobs.plan.quota_request import quota_request
from jobs.words import table
from rekscan.console.output import print_json, print_line, print_lines, say
from rekscan.flags import REGIONS, Amounts, chosen_regions
from rekscan.scans.places import in_places
from rekscan.scans.priced import DEFAULT_REGION, PriceQuestion, priced
from rekscan.settings import Connection, Settings, resolve

if TYPE_CHECKING:
    from jobs.aws import service_quotas
else:  # brings boto3 in, which the stored table does not need
    service_quotas = Later("jobs.aws.service_quotas")

HEADER = ("Operation", "Calls a second", "Confidence", "As of")


def quotas(
    *sources: str,
    refresh: Annotated[bool, Parameter(negative=(), help="Read Service Quotas for this Region and keep them.")] = False,
    request: Annotated[
        bool, Parameter(negative=(), help="Write the increase to ask AWS for, so that a scan is done --within hours.")
    ] = False,
    api: Annotated[list[str] | None, Parameter(negative=(), help="With --request: APIs, as of `estimate`.")] = None,
    images: Annotated[int | None, Parameter(help="With --request: so many images, instead of a SOURCE.")] = None,
    within: Annotated[Decimal | None, Parameter(help="With --request: hours that the scan may take [24].")] = None,
    regions: Annotated[str | None, Parameter(help=f"With --request: {REGIONS[0].lower()}{REGIONS[1:]}")] = None,
    json: Annotated[bool, Parameter(negative=(), help="Print it as JSON.")] = False,
    connection: Connection | None = None,
) -> int:
    """Calls a second AWS allows per operation in a Region, with source, date and confidence.

    Example: `rekscan quotas --region eu-west-1`, or
    `rekscan quotas --request --images 2500000 --api moderation --within 8 --regions us-east-1,us-west-2`

    Parameters
    ----------
    sources
        With --request: what is to be scanned.
    """
    if request:
        hours = Decimal(24) if within is None else within
        return _request(sources, api or [], images, hours, chosen_regions(regions), resolve(connection), refresh, json)
    if sources or api or any(one is not None for one in (images, within, regions)):
        raise UsageError("a SOURCE, --api, --images, --within and --regions are of --request", "Add --request.")
    settings = resolve(connection)
    region = settings.region_of_aws("us-east-1")
    read = _refreshed(region, settings.aws) if refresh else None
    found = read.table if read else stored_quotas()
    if json:
        print_json(_document(found, region, read))
        return 0
    rows = [
        (name, f"{rate:g}", *found.provenance(name, region))
        for name in found.rates
        if (rate := found.tps(name, region)) is not None
    ]
    print_lines(table(HEADER, rows, HEADER[1:2]))
    print_lines(f"\nRegion {region}; {found.concurrent_videos} stored videos at a time. {found.source}, {found.as_of}.")
    missing = [reason for name in found.rates if (reason := found.missing(name, region))]
    for reason in dict.fromkeys(missing):
        print_line(f"  {reason}")
    if read:
        say(f"{len(read.rates)} quotas read and kept in {data_folder() / 'quotas.json'}")
        for name in read.unread:
            say(f"not the rate of one operation: {name}")
    return 0


def _request(
    sources: tuple[str, ...],
    api: list[str],
    images: int | None,
    within: Decimal,
    regions: tuple[str, ...],
    settings: Settings,
    refresh: bool,
    json: bool,
) -> int:
    """What to ask for, from the plan that `estimate` makes of the same arguments."""
    asked = sort_out(api, whole=False) or ask(api)
    if not sources and images is None:
        raise UsageError("--request is for a scan, and none is told", "Give a SOURCE or --images.")
    settings, places = in_places(settings, regions, DEFAULT_REGION)
    own = settings.region_of_aws("us-east-1")
    read = {region: _refreshed(region, settings.aws).named for region in (own, *regions[1:])} if refresh else {}
    if not places and (why := stored_quotas().unlisted(own)):
        raise UsageError(
            f"{why}, so there is no quota to raise", "Choose another --region; of a newer one add --refresh."
        )
    question = PriceQuestion([(",".join(api), asked)], settings, sources, Amounts(images=images), places=places)
    ((_, plan),), _ = priced(question)
    found = quota_request(plan, within, read, settings.profiles[0])
    print_json(found.to_json()) if json else print_lines(found.text)
    return 0


def _refreshed(region: str, aws: Aws) -> Read:
    """The stored table with the account's values of one Region, kept. Raises RekscanError if there are none."""
    listed = service_quotas.quotas(service_quotas.connect(region, aws))
    today = datetime.now(UTC).date().isoformat()
    read = refresh(stored_quotas(), listed, region, source=f"Service Quotas of this account in {region}", as_of=today)
    if not read.rates:
        raise RekscanError(
            f"Service Quotas names no rate of a Rekognition operation in {region} ({len(listed)} quotas read)",
            "The quotas in use are unchanged.",
        )
    store(read.table)
    return read


def _document(found: QuotaTable, region: str, read: Read | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "region": region,
        "source": found.source,
        "as_of": found.as_of,
        "file": str(data_folder() / "quotas.json"),
        "concurrent_stored_video_jobs": found.concurrent_videos,
        "operations": {
            name: dict(zip(("tps", "confidence", "as_of"), (rate, *found.provenance(name, region)), strict=True))
            for name in found.rates
            if (rate := found.tps(name, region)) is not None
        },
        "missing": {name: reason for name in found.rates if (reason := found.missing(name, region))},
    }
    if read is not None:
        document["refresh"] = {"taken": dict(read.rates), "unread": list(read.unread)}
    return document
