"""`rekscan estimate`: price and duration of a scan, from a source or from plain numbers. Makes no paid call.

Rule: it builds the same Plan as `scan` does and only prints it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jobs.apis import Asked, parse, sort_out
from jobs.errors import RekscanError, UsageError
from jobs.later import Later
from jobs.money.free_tier import FreeTier
from jobs.money.months import month_of
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.money.stored import stored_prices, stored_quotas
from jobs.plan import pilot as plan_sample
from jobs.plan.build import Counts, Plan, plan
from jobs.plan.pilot import Extrapolation, extrapolate
from jobs.plan.s3_requests import s3_json, s3_lines
from jobs.plan.text import CSV, csv_rows
from jobs.plan.videos import videos_json
from jobs.words import dollars
from rekscan.console.output import print_document, print_json, print_lines
from rekscan.console.plan import show_plan, show_plans, stdout
from rekscan.flags import EXCLUDE, INCLUDE, PAYER, Amounts, Billing, Flag, Many, Pilot, numbers, rates
from rekscan.settings import Connection, Settings, resolve

if TYPE_CHECKING:
    from jobs.aws import cloudwatch
    from rekscan.scans import numbers_only
    from rekscan.scans import pilot as pilots
    from reports import spreadsheet_safe
else:  # a price of plain numbers needs neither AWS nor Arrow
    cloudwatch, spreadsheet_safe = Later("jobs.aws.cloudwatch"), Later("reports.spreadsheet_safe")
    numbers_only, pilots = Later("rekscan.scans.numbers_only"), Later("rekscan.scans.pilot")

DEFAULT_REGION = "us-east-1"  # where an estimate without --region is priced


def estimate(
    *sources: str,
    api: Many = None,
    compare: Annotated[list[str] | None, Parameter(negative=(), consume_multiple=True)] = None,
    column: str | None = None,
    exclude: Annotated[list[str] | None, Parameter(help=EXCLUDE, negative=())] = None,
    request_payer: Annotated[bool, Parameter(help=PAYER, negative=())] = False,
    include: Annotated[list[str] | None, Parameter(help=INCLUDE, negative=())] = None,
    amounts: Amounts | None = None,
    billing: Billing | None = None,
    pilot: Pilot | None = None,
    connection: Connection | None = None,
    probe: bool = True,
    again: Flag = False,
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
    column
        Column of a CSV or Parquet list that holds the paths or URLs.
    probe
        Look at each video for its length, by a few small reads, where a video API is asked for; --no-probe takes
        --video-average.
    again
        Price what an earlier job answered, and duplicates, once more.
    strict
        Exit with 1 when a part of the price is unknown.
    json
        Print the document of the plan.
    csv
        Print a row per API, month and price tier.
    """
    amounts, billing, pilot = amounts or Amounts(), billing or Billing(), pilot or Pilot()
    if sources and amounts.instead:
        raise UsageError("a source and amounts", "Leave SOURCE out, or --images, --video-minutes and --video-count.")
    if sources and probe and amounts.video_average is not None:
        raise UsageError("--video-average, and each video is looked at", "Add --no-probe, or leave it out.")
    if not sources and not amounts.given:
        raise UsageError("nothing to price", "Give a SOURCE, or --images, --video-minutes, --faces-stored or --units.")
    settings = resolve(connection)
    size = pilot.size(sources, compare)
    sets = [(name, sort_out([name], whole=size is not None)) for name in compare or [",".join(api or ())]]
    if not all(asked.images or asked.videos for _, asked in sets) and (sources or amounts.instead):
        parse([])  # says which APIs there are
    if size and not sets[0][1].images:
        raise UsageError("--sample sends images, and no image API is asked for", "Leave --sample out.")
    region = settings.region_of_aws("")
    question = Question(
        amounts, billing, settings, stored_prices(), stored_quotas(), region or DEFAULT_REGION, named=bool(region)
    )
    found = None
    if not sources:
        counts = amounts.counts()
        refuse_nothing(counts, [asked for _, asked in sets], amounts)
        plans = [(name, build(asked, counts, question)) for name, asked in sets]
    else:
        videos = any(asked.videos for _, asked in sets)
        source = numbers_only.Source(
            sources, settings, question.region, numbers_only.Lengths(probe, amounts.average_ms) if videos else None,
            column, include or (), exclude or (), request_payer, pilot.allow_private_urls, again, pilot.local, size,
        )  # fmt: skip
        with numbers_only.counted(source) as counted:
            refuse_nothing(counted.counts, [asked for _, asked in sets], amounts, sources)
            plans = []
            for name, asked in sets:
                known = counted.known(asked.images)
                built = build(asked, counted.counts, question, known.calls, counted.notes)
                plans.append((name, built.assuming((*built.assumptions, *known.notes))))
        if counted.drawn is not None:
            terms = source.terms(sets[0][1].images)
            job, rows = pilots.pilot(counted.drawn, sources, terms, yes=pilot.yes, quiet=json)
            found = extrapolate(plans[0][1], job, rows, question.prices)
    show(plans, question.prices, found, as_json=json, as_csv=csv, compared=compare is not None)
    return int(strict and not all(built.complete for _, built in plans))


def refuse_nothing(counts: Counts, sets: Sequence[Asked], amounts: Amounts, sources: Sequence[str] = ()) -> None:
    """Raises RekscanError where these APIs have nothing to price. Videos that were looked at and left out are told of
    in the plan."""
    priced = any((asked.images and counts.images) or (asked.videos and counts.videos) for asked in sets)
    if priced or amounts.beside or counts.left_out_ms:
        return
    there = [f"{n:,} {what}{'s' * (n != 1)}" for n, what in ((counts.images, "image"), (counts.videos, "video")) if n]
    there += [f"{n:,} {reason}" for reason, n in sorted(counts.skipped.items())]
    where = f" in {', '.join(sources)}" if sources else ""
    do = "Give a source with pictures in it, or an amount over 0."
    if counts.images or counts.videos:
        do = f"Name an API for {'pictures' if counts.images else 'videos'}: `rekscan apis` lists them."
    raise RekscanError(f"there is nothing{where} that these APIs are paid for: {', '.join(there) or 'no image'}", do)


@dataclass(frozen=True, slots=True)
class Question:
    """All a price depends on but the APIs and the source. `named`: somebody said the Region."""

    amounts: Amounts
    billing: Billing
    settings: Settings
    prices: PriceTable
    quotas: QuotaTable
    region: str
    named: bool


def build(
    asked: Asked,
    counts: Counts,
    question: Question,
    known: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> Plan:
    """The plan of one set of APIs. `known`: calls of each whose answer is there; `notes`: what listing left open."""
    billing, prices = question.billing, question.prices
    built = plan(
        asked.images,
        counts,
        region=question.region,
        prices=prices,
        quotas=question.quotas,
        tps=rates(billing.tps or ()),
        month_to_date=billed_before(billing, question.settings, prices),
        start=billing.start,
        free_tier=FreeTier.named(billing.free_tier, prices) if billing.free_tier else None,
        known=known or {},
        videos=asked.videos,
        extra=question.amounts.demands(prices),
    )
    note = () if question.named else (f"No Region is set: priced in {DEFAULT_REGION} (--region sets one).",)
    return built.assuming((*note, *notes, *built.assumptions))


def billed_before(billing: Billing, settings: Settings, prices: PriceTable) -> dict[str, Decimal]:
    """Units per meter billed before, as typed or as CloudWatch counts them."""
    values = billing.month_to_date or []
    if "cloudwatch" not in values:
        found = numbers("--month-to-date", values)
        if unknown := set(found) - set(prices.meters):
            raise UsageError(f"there is no meter {min(unknown)!r}", f"Meters: {', '.join(prices.meters)}.")
        return found
    now = datetime.now(UTC)
    if billing.start and month_of(billing.start) != month_of(now.date()):
        raise UsageError("--month-to-date cloudwatch counts this month, --start is in another", "Leave one out.")
    region = settings.aws_region(DEFAULT_REGION)
    return dict(cloudwatch.month_to_date(region, prices, now, aws=settings.aws))


def show(
    plans: Sequence[tuple[str, Plan]],
    prices: PriceTable,
    found: Extrapolation | None,
    *,
    as_json: bool,
    as_csv: bool,
    compared: bool,
) -> None:
    """Print on stdout."""
    if as_csv:
        print_document(map(spreadsheet_safe.csv_line, [CSV, *csv_rows(plans)]))
    elif as_json:
        documents = [document(built, prices) for _, built in plans]
        sets = [{"apis": name.split(","), **doc} for (name, _), doc in zip(plans, documents, strict=True)]
        sampled = {"sample": found.to_json()} if found else {}
        print_json({"compare": sets} if compared else {**documents[0], **sampled})
    elif compared:
        show_plans(plans, stdout())
    else:
        show_plan(plans[0][1], stdout())
        lines = s3_lines(plans[0][1], prices)
        if lines:
            parts = ", ".join(f"{line.units:,} {line.meter} {dollars(line.usd)}" for line in lines)
            print_lines(f"\nBeside it, on S3's bill, at most: {parts}")
        if found:
            print_lines(f"\n{plan_sample.text(found)}")


def document(built: Plan, prices: PriceTable) -> dict[str, Any]:
    """The `--json` document: the plan's, what is known of the videos, and what S3 would add."""
    lines = s3_lines(built, prices)
    videos = {"videos": videos_json(built.counts, built.video_jobs)} if built.asks_of_videos else {}
    return built.to_json() | videos | ({"s3": s3_json(lines)} if lines else {})
