"""`rekscan estimate`: price and duration of a scan, from a source or from plain numbers. Makes no paid call.

Rule: it builds the same Plan as `scan` does and only prints it.
"""

import csv as csv_format
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from jobs import plan_demand
from jobs.apis import Choice, catalogue, parse
from jobs.calendar import month_of
from jobs.errors import UsageError
from jobs.plan import Counts, Demand, Plan, plan
from jobs.plan_text import CSV, csv_rows
from jobs.price import PriceTable
from jobs.price_free import FreeTier
from jobs.price_s3 import s3_json, s3_lines
from jobs.price_store import stored_prices, stored_quotas
from jobs.price_text import dollars
from jobs.quotas import QuotaTable
from jobs.sources import enumerate_batches
from rekscan.output import print_json, print_line, talk
from rekscan.plan_view import show_plan, show_plans, stdout
from rekscan.settings import Connection, Settings, resolve
from workers import client, cloudwatch

Flag = Annotated[bool, Parameter(negative=())]
DEFAULT_REGION = "us-east-1"  # where an estimate without --region is priced
Many = Annotated[list[str] | None, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Amounts:
    """What to price where there is no source.

    Parameters
    ----------
    images
        So many images, instead of a source.
    video_minutes
        So many minutes of stored video.
    videos
        In how many videos those minutes are: bounds what rounding up part minutes can cost.
    faces_stored
        Face vectors kept in a collection, priced for --days.
    users_stored
        User vectors kept in a collection, priced for --days.
    days
        How long vectors are kept.
    units
        Units of any other meter, as custom-labels-inference=10. Repeatable.
    """

    images: int | None = None
    video_minutes: Decimal | None = None
    videos: int = 1
    faces_stored: int | None = None
    users_stored: int | None = None
    days: Decimal = Decimal(30)
    units: Many = None

    @property
    def given(self) -> bool:
        asked = (self.images, self.video_minutes, self.faces_stored, self.users_stored, self.units)
        return any(value is not None for value in asked)

    def counts(self) -> Counts:
        numbers = (self.images or 0, self.videos, self.faces_stored or 0, self.users_stored or 0)
        if min(*numbers, self.days, self.video_minutes or 0) < 0:
            raise UsageError("an amount is under 0", "Give amounts of 0 or more.")
        counts = Counts(images=self.images or 0)
        if self.video_minutes is not None:
            if not self.videos:
                raise UsageError("--videos 0 with --video-minutes", "Leave --videos out, or give how many there are.")
            counts.videos = counts.videos_measured = self.videos
            counts.video_ms = int(self.video_minutes * 60_000)
            counts.video_minutes_up = -(-counts.video_ms // 60_000) + self.videos - 1
        return counts

    def demands(self, prices: PriceTable) -> list[Demand]:
        found = []
        if self.faces_stored is not None:
            found.append(plan_demand.stored("face-vectors", self.faces_stored, self.days, prices))
        if self.users_stored is not None:
            found.append(plan_demand.stored("user-vectors", self.users_stored, self.days, prices))
        for meter, units in pairs("--units", self.units or ()).items():
            found.append(plan_demand.of_meter(meter, units, prices))
        return found


@Parameter(name="*")
@dataclass(frozen=True)
class Terms:
    """How the account is billed and how fast it may call.

    Parameters
    ----------
    month_to_date
        Units billed this month before, as image-group-2=900000 (repeatable), or `cloudwatch` to read AWS's counts.
    start
        First day (2026-12-01): lays the job over calendar months at the account's quotas.
    free_tier
        Monthly free units of an account that still has them: 2026 or 2019. Most have none.
    tps
        Calls a second in place of the quota, as labels=20 or DetectLabels=20. Repeatable.
    """

    month_to_date: Many = None
    start: date | None = None
    free_tier: Literal["2026", "2019"] | None = None
    tps: Many = None


def estimate(
    *sources: str,
    api: Many = None,
    compare: Annotated[list[str] | None, Parameter(negative=(), consume_multiple=True)] = None,
    amounts: Amounts = Amounts(),
    terms: Terms = Terms(),
    connection: Connection = Connection(),  # noqa: B008  frozen
    strict: Flag = False,
    json: Flag = False,
    csv: Flag = False,
) -> int:
    """Price and duration of a scan, without a paid call.

    rekscan estimate --images 2500000 --api moderation

    Parameters
    ----------
    sources
        What to scan: a directory, s3://bucket/prefix, an S3 Inventory manifest or a list file.
    api
        APIs, comma-separated, with parameters as labels:min_confidence=70. Repeatable.
    compare
        Several API sets side by side: --compare labels labels,faces labels,faces,text.
    strict
        Exit with 1 when a part of the price is unknown.
    json
        Print the document of the plan.
    csv
        Print a row per API, month and price tier.
    """
    if bool(sources) == amounts.given:
        what = "a source and amounts" if sources else "nothing to price"
        raise UsageError(what, "Give a SOURCE, or --images, --video-minutes, --faces-stored or --units.")
    settings = resolve(connection)
    counts = count(sources, settings) if sources else amounts.counts()
    tables = (stored_prices(), stored_quotas())
    sets = compare or [",".join(api or ())]
    plans = [(name, build(name, counts, amounts, terms, settings, tables)) for name in sets]
    show(plans, tables[0], as_json=json, as_csv=csv, compared=compare is not None)
    return int(strict and not all(built.complete for _, built in plans))


def build(
    apis: str,
    counts: Counts,
    amounts: Amounts,
    terms: Terms,
    settings: Settings,
    tables: tuple[PriceTable, QuotaTable],
) -> Plan:
    """The plan of one set of APIs."""
    prices, quotas = tables
    choices, videos = split_apis(apis)
    demands = [demand for name in videos for demand in plan_demand.of_video_meters(name, counts, prices)]
    if not choices and not videos and (counts.images or counts.videos or not amounts.given):
        parse([apis])  # says which APIs there are
    region = region_of(settings)
    built = plan(
        choices,
        counts,
        region=region or DEFAULT_REGION,
        prices=prices,
        quotas=quotas,
        tps={name: float(rate) for name, rate in pairs("--tps", terms.tps or ()).items()},
        month_to_date=month_to_date(terms, settings, prices),
        start=terms.start,
        free_tier=FreeTier.named(terms.free_tier, prices) if terms.free_tier else None,
        extra=demands + amounts.demands(prices),
    )
    note = () if region else (f"No Region is set: priced in {DEFAULT_REGION} (--region sets one).",)
    return built.assuming((*note, *built.assumptions))


def region_of(settings: Settings) -> str:
    """The Region that is set, "" if none is: an estimate needs no account."""
    return settings.aws_region("")


def count(sources: Sequence[str], settings: Settings) -> Counts:
    """Enumerate sources into counts; how far it got stands on stderr when that is a terminal."""
    counts = Counts()

    def s3() -> Any:
        return client.s3(settings.aws_region(DEFAULT_REGION), endpoint_url=settings.s3_url, profile=settings.profile)

    with talk.status("listing") as status:
        for batch in enumerate_batches(sources, s3_client_factory=s3):
            counts.add_batch(batch)
            status.update(f"listing: {counts.images + counts.videos:,} images and videos")
    return counts


def split_apis(apis: str) -> tuple[tuple[Choice, ...], list[str]]:
    """The choices of the catalogue, and the names that only have meters (stored video)."""
    tokens = [token.strip() for token in apis.split(",") if token.strip()]
    videos = [token for token in tokens if token.startswith("video-") and token.split(":")[0] not in catalogue()]
    rest = [token for token in tokens if token not in videos]
    return (parse(rest) if rest else ()), videos


def month_to_date(terms: Terms, settings: Settings, prices: PriceTable) -> dict[str, Decimal]:
    """Units per meter billed before, as typed or as CloudWatch counts them."""
    values = terms.month_to_date or []
    if "cloudwatch" not in values:
        found = pairs("--month-to-date", values)
        if unknown := set(found) - set(prices.meters):
            raise UsageError(f"there is no meter {min(unknown)!r}", f"Meters: {', '.join(prices.meters)}.")
        return found
    now = datetime.now(UTC)
    if terms.start and month_of(terms.start) != month_of(now.date()):
        raise UsageError("--month-to-date cloudwatch counts this month, --start is in another", "Leave one out.")
    region = settings.aws_region(DEFAULT_REGION)
    return dict(cloudwatch.month_to_date(region, prices, now, profile=settings.profile))


def show(plans: Sequence[tuple[str, Plan]], prices: PriceTable, *, as_json: bool, as_csv: bool, compared: bool) -> None:
    """Print on stdout."""
    if as_csv:
        writer = csv_format.writer(sys.stdout, lineterminator="\n")
        writer.writerows([CSV, *csv_rows(plans)])
    elif as_json:
        documents = [document(built, prices) for _, built in plans]
        sets = [{"apis": name.split(","), **doc} for (name, _), doc in zip(plans, documents, strict=True)]
        value: Mapping[str, Any] = {"compare": sets} if compared else documents[0]
        print_json(value)
    elif compared:
        show_plans(plans, stdout())
    else:
        show_plan(plans[0][1], stdout())
        lines = s3_lines(plans[0][1].counts, plans[0][1].region, prices)
        if lines:
            parts = ", ".join(f"{line.units:,} {line.meter} {dollars(line.usd)}" for line in lines)
            print_line(f"\nBeside it, on S3's bill, at most: {parts}")


def document(built: Plan, prices: PriceTable) -> dict[str, Any]:
    """The `--json` document: the plan's, and what S3 would add."""
    lines = s3_lines(built.counts, built.region, prices)
    return built.to_json() | ({"s3": s3_json(lines)} if lines else {})


def pairs(flag: str, values: Sequence[str]) -> dict[str, Decimal]:
    """`["labels=20,faces=5", "text=1"]` -> numbers by name. Raises UsageError for anything else."""
    found = {}
    for part in (part for value in values for part in value.split(",")):
        name, equals, number = part.partition("=")
        try:
            found[name.strip()] = Decimal(number)
        except InvalidOperation:
            equals = ""
        if not equals or not found[name.strip()].is_finite() or found[name.strip()] < 0:
            raise UsageError(f"{flag} {part}: not name=number", f"Write {flag} name=number.")
    return found
