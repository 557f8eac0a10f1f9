"""`rekscan quotas`: the calls a second in use per operation, and how to read the account's own."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.later import Later
from jobs.money.quota_names import Read, refresh
from jobs.money.quotas import QuotaTable
from jobs.money.stored import data_folder, store, stored_quotas
from jobs.words import table
from rekscan.console.output import print_json, print_line, print_lines, say
from rekscan.settings import Connection, resolve

if TYPE_CHECKING:
    from jobs.aws import service_quotas
else:  # brings boto3 in, which the stored table does not need
    service_quotas = Later("jobs.aws.service_quotas")

HEADER = ("Operation", "Calls a second", "Confidence", "As of")


def quotas(
    *,
    refresh: Annotated[bool, Parameter(negative=(), help="Read Service Quotas for this Region and keep them.")] = False,
    json: Annotated[bool, Parameter(negative=(), help="Print the Region's quotas as JSON.")] = False,
    connection: Connection | None = None,
) -> int:
    """Calls a second AWS allows per operation in a Region, with source, date and confidence.

    Example: `rekscan quotas --region eu-west-1`
    """
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
