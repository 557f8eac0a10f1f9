"""`rekscan costs`: what a job cost beside its plan, what AWS counted, and a month of all jobs."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter

from jobs import costs as reckoning
from jobs import documents
from jobs.aws import clients, cloudwatch, face_collections
from jobs.costs.counting import tally
from jobs.costs.month import home_month
from jobs.costs.staged import staged
from jobs.costs.text import costs_parts, gaps, gaps_text, month_parts, staged_text
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.folder.whose import unpaid, whose
from jobs.money.prices import PriceTable, money, total
from jobs.money.stored import stored_prices
from jobs.near.inherited import inherited, inherited_text
from jobs.pools import OWN
from jobs.words import dollars, many
from rekscan.console.costs import show_parts
from rekscan.console.output import print_json, print_line, print_lines
from rekscan.console.plan import stdout
from rekscan.scans.engine import find, ledger
from rekscan.scans.month_cap import months_cap, told
from rekscan.scans.stages import left_of, left_text
from rekscan.settings import Connection, Settings, resolve

_LATE = timedelta(minutes=15)  # a call may last that long after its first attempt
_MADE = "CreateCollection"


def costs(
    job: Annotated[str | None, Parameter(help="Job id, or `last`.")] = None,
    *,
    cloudwatch: Annotated[
        bool, Parameter(negative=(), help="Put AWS's own counts beside, and explain the gap.")
    ] = False,
    month: Annotated[str | None, Parameter(help="All jobs of the home in a calendar month: 2026-11.")] = None,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """What a job cost: planned, actual, and what AWS may have billed on top.

    Example: `rekscan costs last --cloudwatch`
    """
    settings = resolve(connection)
    if month is not None:
        if job is not None or cloudwatch:
            raise UsageError("--month is of all jobs", "Leave JOB and --cloudwatch out, or leave --month out.")
        return _month(settings, month, json=json)
    folder = find(settings, job)
    spec, last = folder.spec, None
    records = ledger(settings)
    if records is not None and spec.job in records.live():
        found = reckoning.reckon(spec, records.progress(spec.job))
    else:
        tallies = tally(folder)
        found, last = reckoning.reckon(spec, tallies), tallies.last
    aws = gaps(found, _counts(spec, last, settings)) if cloudwatch else None
    near = inherited(folder) if spec.options.near is not None else {}
    left, staging = left_over([spec], settings), spec.options.stage is not None
    if json:
        more = {"cloudwatch": aws} if aws is not None else {}
        stage = {"stage": {**staged(folder, stored_prices()).to_json(), "left": left_of(folder)}} if staging else {}
        print_json(
            {
                **found.to_json(),
                "answered_by": whose(spec),
                **more,
                "collections": left,
                **stage,
                **_near_json(spec, near),
            }
        )
        return 0
    show_parts(costs_parts(found), stdout())
    for line in inherited_text(found, spec.near, near):
        print_line(line)
    if note := unpaid(spec):
        print_line(note)
    if aws is not None:
        print_lines(f"\n{gaps_text(aws)}")
    _show_left(left)
    if staging:
        print_lines("\n".join([*staged_text(staged(folder, stored_prices())), *left_text(left_of(folder), folder.job)]))
    return 0


def _near_json(spec: JobSpec, found: Mapping[str, Mapping[int, int]]) -> dict[str, Any]:
    """With --near: answers inherited by API and distance, and the plan's part on them."""
    planned = documents.to_json(spec.near) if spec.near else None
    return {"near": {"inherited": found, "planned": planned}} if spec.options.near is not None else {}


def _month(settings: Settings, month: str, *, json: bool) -> int:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"--month {month}: not a month", "Write --month 2026-11.")
    names = list_jobs(settings.home, settings.aws)
    folders = [JobFolder(settings.home, name, settings.aws) for name in names]
    found = home_month(month, ((folder.spec, tally(folder)) for folder in folders))
    left = left_over([folder.spec for folder in folders], settings)
    cap = months_cap(settings, month)
    if json:
        print_json({**found.to_json(), "cap": cap.to_json() if cap else None, "collections": left})
        return 0
    show_parts(month_parts(found), stdout())
    if cap is not None:
        print_line(f"The cap of the home: {told(cap)}, maybe billed included.")
    _show_left(left)
    return 0


def _counts(spec: JobSpec, last: datetime | None, settings: Settings) -> dict[str, dict[str, int]]:
    """AWS's counts of the job's operations while it ran, by place."""
    if spec.options.local or spec.rekognition_url:
        raise RekscanError(
            "this job did not run against AWS, so CloudWatch knows nothing of it", "Leave --cloudwatch out."
        )
    start = datetime.fromisoformat(spec.created_at)
    end = last + _LATE if last is not None else datetime.now(UTC)
    asked = {OWN: (spec.region, settings.aws, [choice.api.operation for choice in spec.choices])}
    for place in spec.places:
        there = replace(settings.aws, profile=place.profile or settings.aws.profile)
        asked[place.name] = (place.region, there, list(place.quotas))
    return {
        name: cloudwatch.counts(cloudwatch.connect(region, aws), operations, start, end)
        for name, (region, aws, operations) in asked.items()
    }


def left_over(specs: list[JobSpec], settings: Settings) -> list[dict[str, Any]]:
    """The face collections these jobs made that are still there, with what they cost a month."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for spec in specs:
        for choice in spec.choices:
            for step in choice.api.prepare(choice.params):
                where = (spec.region, step.arguments.get("CollectionId", ""))
                if step.operation == _MADE and where not in found and not spec.options.local:
                    found[where] = _collection(spec, where[1], settings)
    return [row for row in found.values() if row["there"] is not False]


def _collection(spec: JobSpec, name: str, settings: Settings) -> dict[str, Any]:
    row: dict[str, Any] = {"collection": name, "region": spec.region, "there": None, "faces": None}
    try:
        endpoint = settings.rekognition_url or spec.rekognition_url
        aws = replace(settings.aws, region=spec.region, rekognition_url=endpoint)
        made = clients.rekognition(aws, connections=1)
        one = face_collections.describe(made, name)
    except RekscanError as error:
        gone = error.what.startswith("there is no face collection")
        return row | {"there": False if gone else None, "usd_per_month": None, "why": error.what}
    prices: PriceTable = stored_prices()
    units = {"face-vectors": one.faces, "user-vectors": one.users}
    usd = total(prices.price(meter, spec.region, number).usd for meter, number in units.items() if number)
    return row | {"there": True, "faces": one.faces, "users": one.users, "usd_per_month": money(usd)}


def _show_left(left: list[dict[str, Any]]) -> None:
    for row in left:
        where = f"collection {row['collection']} in {row['region']}"
        if row["there"]:
            price = dollars(None if row["usd_per_month"] is None else Decimal(row["usd_per_month"]))
            print_line(f"Left over: {where} with {many(int(row['faces']), 'face')} costs {price} a month.")
        else:
            print_line(f"Maybe left over: {where} ({row['why']}).")
    if left:
        print_line("`rekscan collections delete NAME` ends it.")
