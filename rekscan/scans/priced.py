"""An estimate: what is asked, counted and priced, for the command and for Python. Makes no paid call but a pilot's.

Rule: it builds the same Plan as `scan` does. A price of plain numbers brings neither AWS nor Arrow in.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from jobs.apis import Asked
from jobs.counts import Counts
from jobs.errors import UsageError
from jobs.later import Later
from jobs.money.free_tier import FreeTier
from jobs.money.months import month_of
from jobs.money.prices import PriceTable, number
from jobs.money.quotas import QuotaTable
from jobs.money.stored import stored_prices, stored_quotas
from jobs.places import Place
from jobs.plan.build import Plan, plan, side_by_side
from jobs.plan.first import first_stage
from jobs.plan.frame_rule import FrameRule, expected, least_side, left_open
from jobs.plan.near_rule import Near
from jobs.plan.pilot import Extrapolation, extrapolate
from jobs.plan.s3_requests import s3_json, s3_lines
from jobs.plan.stream import MonthlyStream, next_month
from jobs.plan.videos import minutes, videos_json
from rekscan.flags import Amounts, Billing, Monthly, Pilot, numbers, rates
from rekscan.scans.nothing import nothing_for
from rekscan.settings import Settings

if TYPE_CHECKING:
    from jobs.aws import cloudwatch
    from rekscan.scans import first, month_cap, numbers_only, tried, who_answers
    from rekscan.scans import pairs as near_pairs
    from rekscan.scans import pilot as pilots
    from rekscan.scans.savings import KnownCalls
else:
    cloudwatch = Later("jobs.aws.cloudwatch")
    first, tried = Later("rekscan.scans.first"), Later("rekscan.scans.tried")
    who_answers, near_pairs = Later("rekscan.scans.who_answers"), Later("rekscan.scans.pairs")
    numbers_only, pilots = Later("rekscan.scans.numbers_only"), Later("rekscan.scans.pilot")
    month_cap = Later("rekscan.scans.month_cap")

DEFAULT_REGION = "us-east-1"  # where an estimate without --region is priced
Plans = list[tuple[str, Plan]]  # by what was asked for: `labels,faces`


@dataclass(frozen=True, slots=True)
class PriceQuestion:
    """What is asked. `sets`: of APIs, each priced by itself; the other fields as the flags of `estimate` are called."""

    sets: Sequence[tuple[str, Asked]]
    settings: Settings
    sources: tuple[str, ...] = ()
    amounts: Amounts = field(default_factory=Amounts)
    monthly: Monthly = field(default_factory=Monthly)
    billing: Billing = field(default_factory=Billing)
    pilot: Pilot = field(default_factory=Pilot)
    column: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    request_payer: bool = False
    probe: bool = True
    again: bool = False
    transcode: bool = False
    frames: FrameRule | None = None
    near: Near | None = None
    places: tuple[Place, ...] = ()

    @property
    def asks_of_videos(self) -> bool:
        return any(asked.videos for _, asked in self.sets)

    @property
    def asks_of_items(self) -> bool:
        """Whether images or videos are priced, which takes an API."""
        return bool(self.sources) or self.amounts.instead or self.monthly.monthly is not None

    def __post_init__(self) -> None:
        """Raises UsageError where flags do not go together."""
        amounts = self.amounts
        if self.sources and amounts.instead:
            raise UsageError(
                "a source and amounts", "Leave SOURCE out, or --images, --video-minutes and --video-count."
            )
        if self.sources and self.probe and amounts.video_average is not None:
            raise UsageError("--video-average, and each video is looked at", "Add --no-probe, or leave it out.")
        if self.frames and self.frames.way == "keyframes" and not (self.sources and self.probe):
            raise UsageError("--frames keyframes are counted in each film", "Give a SOURCE, and leave --no-probe out.")
        if self.near and not self.sources:
            raise UsageError("--near compares all pictures of a source", "Give a SOURCE.")
        if self.places and self.monthly.monthly is not None:
            raise UsageError("--regions, and --monthly", "That is priced in one Region: leave one out.")
        if not (self.asks_of_items or amounts.given):
            raise UsageError(
                "nothing to price", "Give a SOURCE, or --images, --monthly, --video-minutes, --faces-stored or --units."
            )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the price of any set depends on. `named`: somebody said the Region."""

    region: str
    named: bool
    prices: PriceTable
    quotas: QuotaTable
    stream: MonthlyStream | None
    start: date | None
    month_to_date: Mapping[str, Decimal] = field(default_factory=dict)


def priced(question: PriceQuestion, *, quiet: bool = False) -> tuple[Plans, Extrapolation | None]:
    """The plan of each set, and what a pilot found, if one was asked for. `quiet`: a pilot's progress is not shown.

    Raises RekscanError where there is nothing to price, or the source cannot be read.
    """
    terms = _terms(question)
    if not question.sources:
        counts = _with_frames(question.amounts.counts(), question)
        _refuse_nothing(counts, question, terms.stream)
        notes = left_open(question.frames) if question.frames else ()
        plans = [(name, _plan(asked, counts, question, terms)) for name, asked in question.sets]
        return [(name, built.assuming((*notes, *built.assumptions))) for name, built in plans], None
    if question.pilot.number is not None:
        first.check_first(question.sets[0][1].first, question.settings)
    source = _source(question, terms.region)
    with numbers_only.counted(source) as counted:
        _refuse_nothing(counted.counts, question, terms.stream, counted.notes)
        plans = []
        for name, asked in question.sets:
            known = counted.known(asked)
            built = _planned(asked, counted.counts, question, terms, known)
            if built.conditional and counted.drawn is None:
                terms_of = source.terms(asked.images, asked.first)
                built = tried.with_known_shares(built, terms_of, question.sources, counted.following)
            if built.near and counted.drawn is None:
                built = near_pairs.with_known_pairs(built, source.terms(asked.images), question.sources)
            capped = month_cap.said_of_month(built, question.settings, local=question.pilot.local)
            plans.append((name, built.assuming((*capped, *counted.notes, *built.assumptions, *known.notes))))
        if counted.drawn is None:
            return plans, None
        ((name, built),) = plans
        found, said = _by_pilot(built, counted, question, quiet=quiet)
        return [(name, found)], said


def _by_pilot(
    built: Plan, counted: "numbers_only.Counted", question: PriceQuestion, *, quiet: bool
) -> tuple[Plan, Extrapolation]:
    """What a pilot of the images drawn makes of the plan, and what it found. Pays for it."""
    ((_, asked),) = question.sets
    assert counted.drawn is not None
    asked_of_all = tuple(replace(choice, when="") for choice in asked.images)
    scan = replace(counted.source.terms(asked_of_all, asked.first), max_cost=question.pilot.cap)
    folder, of_pairs = pilots.pilot(
        counted.drawn, counted.pairs, question.sources, scan, yes=question.pilot.yes, quiet=quiet
    )
    if built.conditional:
        built = tried.with_shares_of(built, folder, (*asked.first, *asked.images), counted.following)
    if of_pairs is not None:
        built = near_pairs.with_pairs_of(built, of_pairs, asked_of_all)
    return built, extrapolate(built, folder.job, pilots.samples(folder, counted.following), stored_prices())


def document(built: Plan) -> dict[str, Any]:
    """The `--json` document: the plan's, what is known of the videos, and what S3 would add."""
    lines = s3_lines(built, stored_prices())
    videos = {"videos": videos_json(built.counts, built.video_jobs)} if built.asks_of_videos else {}
    known = {"known": {"copies": built.copies, "answered_by_earlier_jobs": built.earlier}} if built.known else {}
    frames = {"frames": _frames_json(built)} if built.counts.frames and built.asks_of_images else {}
    monthly = {"monthly": built.stream.to_json()} if built.stream else {}
    return built.to_json() | videos | frames | known | monthly | ({"s3": s3_json(lines)} if lines else {})


def _frames_json(built: Plan) -> dict[str, Any]:
    counts = built.counts
    return {
        "frames": counts.frames,
        "videos": counts.framed,
        "minutes": number(minutes(counts.framed_ms)),
        "gets": counts.frame_gets,
        "bytes": counts.frame_bytes,
        "or_video": [one.to_json() for one in built.both],
    }


def _terms(question: PriceQuestion) -> _Terms:
    settings, billing = question.settings, question.billing
    region, prices = settings.region_of_aws(""), stored_prices()
    stream = question.monthly.stream()
    start = billing.start or (next_month(datetime.now(UTC).date()) if stream else None)
    before = _billed_before(billing, start, settings, prices)
    return _Terms(region or DEFAULT_REGION, bool(region), prices, stored_quotas(), stream, start, before)


def _source(question: PriceQuestion, region: str) -> "numbers_only.CountedSource":
    lengths = numbers_only.Lengths(question.probe, question.amounts.average_ms)
    return numbers_only.CountedSource(
        question.sources,
        question.settings,
        region,
        lengths if question.asks_of_videos or question.frames else None,
        question.asks_of_videos,
        question.frames,
        min((least_side(asked.images) for _, asked in question.sets), default=0),
        column=question.column,
        include=question.include,
        exclude=question.exclude,
        request_payer=question.request_payer,
        allow_private_urls=question.pilot.allow_private_urls,
        again=question.again,
        local=question.pilot.local,
        transcode=question.transcode,
        sample=question.pilot.number,
        near=question.near,
    )


def _with_frames(counts: Counts, question: PriceQuestion) -> Counts:
    """Amounts of video with their frames. Where no API is for video, they are all that is asked of it."""
    videos, ms = counts.videos, counts.video_ms
    if not (question.frames and videos and ms):
        return counts
    counts.add_frames(frames := videos * expected(-(-ms // videos), question.frames))
    counts.framed = counts.either = videos
    counts.framed_ms = counts.either_ms = ms
    counts.either_frames = frames
    if not question.asks_of_videos:
        counts.videos = counts.videos_measured = counts.videos_assumed = counts.video_ms = counts.video_minutes_up = 0
    return counts


def _refuse_nothing(
    counts: Counts, question: PriceQuestion, stream: MonthlyStream | None, notes: Sequence[str] = ()
) -> None:
    """Raises RekscanError where the APIs have nothing to price. `notes`: on what could not be looked at."""
    images = counts.images or (stream and stream.images)
    some = any((asked.images and images) or (asked.videos and counts.videos) for _, asked in question.sets)
    if some or question.amounts.beside:
        return
    raise nothing_for(question.sources, counts, notes)


def _plan(
    asked: Asked,
    counts: Counts,
    question: PriceQuestion,
    terms: _Terms,
    known: "KnownCalls | None" = None,
    near: Mapping[str, int] | None = None,
) -> Plan:
    """The plan of one set of APIs. `known`: what is not paid of a source."""
    billing, prices, stream, start = question.billing, terms.prices, terms.stream, terms.start
    days = Decimal(stream.days(start)) if stream and start else None
    at = partial(
        plan,
        asked.images,
        counts,
        region=terms.region,
        prices=prices,
        quotas=terms.quotas,
        tps=rates(billing.tps or ()),
        month_to_date=terms.month_to_date,
        start=start,
        free_tier=FreeTier.named(billing.free_tier, prices) if billing.free_tier else None,
        known=known.calls if known else {},
        videos=asked.videos,
        extra=question.amounts.demands(prices, days),
        stream=stream,
        copies=known.copies if known else 0,
        unread=known.unread if known else 0,
        near=near,
        known_films=known.films if known else None,
        film_speeds=known.speeds if known else None,
    )
    built = side_by_side(question.places, prices, lambda places: at(places=places))
    built = replace(built, first=first_stage(asked.first, counts.images, os.cpu_count() or 1))
    note = () if terms.named else (f"No Region is set: priced in {DEFAULT_REGION} (--region sets one).",)
    if question.pilot.local:
        built = who_answers.timed(built, question.settings, local=True)
        note = (who_answers.not_aws(question.settings, local=True), *note)
    return built.assuming((*note, *built.assumptions))


def _planned(asked: Asked, counts: Counts, question: PriceQuestion, terms: _Terms, known: "KnownCalls") -> Plan:
    """The plan of one set of APIs of a source."""

    def without(near: Mapping[str, int]) -> Plan:
        return _plan(asked, counts, question, terms, known, near)

    return known.near.priced(without) if known.near else without({})


def _billed_before(
    billing: Billing, start: date | None, settings: Settings, prices: PriceTable
) -> Mapping[str, Decimal]:
    """Units per meter billed before, as typed or as CloudWatch counts them."""
    values = billing.month_to_date or []
    if "cloudwatch" not in values:
        found = numbers("--month-to-date", values)
        if unknown := set(found) - set(prices.meters):
            raise UsageError(f"there is no meter {min(unknown)!r}", f"Meters: {', '.join(prices.meters)}.")
        return found
    now = datetime.now(UTC)
    if start and month_of(start) != month_of(now.date()):
        raise UsageError(
            "--month-to-date cloudwatch counts this month, and the first month priced is another",
            "Leave one out, or name --start.",
        )
    return cloudwatch.month_to_date(settings.aws_region(DEFAULT_REGION), prices, now, aws=settings.aws)
