"""Demand: what a scan asks of AWS's meters, before any price: the quantity on each line of a bill.

Rule: one demand per API and meter, in the order the APIs were asked for. A quantity that cannot be known says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from jobs.apis import Choice, VideoChoice, requests
from jobs.counts import Counts, FilmCalls
from jobs.errors import UsageError
from jobs.money.months import quantity
from jobs.money.prices import PriceTable
from jobs.plan.stream import MonthlyStream
from jobs.plan.videos import minutes
from jobs.words import many


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of one meter asked for by one API. `high`: the units if AWS reads its unclear rule the dearer way."""

    api: str
    operation: str
    meter: str
    units: Decimal  # for something kept (`days` set): how many are kept, else units billed
    high: Decimal
    calls: int = 0  # calls that carry these units, at the operation's rate
    per_call: bool = False  # a call is a unit, so that units spread over time as calls do
    seconds: float | None = None  # the units spread evenly over this time
    running: int = 0  # units of a model that runs while the calls are made
    grows: str | None = None  # kept from then on, of the images of this API: one a face
    days: Decimal | None = None  # kept so long, and billed by the month
    per_unit: Decimal | None = None  # calls that make a unit of the meter, where `units` counts calls
    open: str | None = None  # why the quantity is not fully known
    place: str = ""  # where the calls go, of a job at several places; "": its own

    def dear(self) -> "Demand":
        """The demand if AWS reads its unclear rule the dearer way."""
        return replace(self, units=self.high)

    def at(self, tps: float) -> "Demand":
        """The same where a model of `running` units answers so many calls a second: its hours are the units."""
        return replace(self, per_unit=Decimal(str(tps)) * 3600 / self.running) if self.running else self

    def of_meter(self, units: Decimal) -> Decimal:
        """What so many of `units` come to on the meter."""
        return quantity(units, self.per_unit) if self.per_unit else units


def of_choices(
    choices: Sequence[Choice],
    counts: Counts,
    prices: PriceTable,
    known: Mapping[str, int],
    stream: MonthlyStream | None,
) -> list[Demand]:
    """What these APIs ask for on these items; `known`: calls per API whose answer is there already."""
    found: list[Demand] = []
    for choice in choices:
        api = choice.api
        have = known.get(api.name, 0)
        for meter in choice.meters or ((api.runs.meter,) if api.runs else ()):
            calls = max(0, counts.images - have)
            units = Decimal(calls + (stream.total if stream else 0))
            found.append(
                Demand(api.name, api.operation, meter, units, units, calls, per_call=True, running=choice.units)
            )
        if stream and api.stores:
            name = f"{api.name} storage"
            found.append(Demand(name, "", api.stores, Decimal(0), Decimal(0), grows=api.name))
    return found


def of_videos(
    choices: Sequence[VideoChoice], counts: Counts, known: Mapping[str, FilmCalls], seconds: float | None
) -> list[Demand]:
    """What these APIs ask for on these videos, all of them in so many seconds. `known`: by API, calls that are not
    paid."""
    return [
        _video(choice, meter, counts, known.get(choice.api.name, FilmCalls()), seconds)
        for choice in choices
        for meter in choice.meters
    ]


def stored(meter: str, count: int, days: Decimal, prices: PriceTable) -> Demand:
    """Vectors kept in a collection for so many days."""
    kept = Decimal(count)
    return Demand("storage", _operation(prices, meter), meter, kept, kept, days=days)


def of_meter(meter: str, units: Decimal, prices: PriceTable) -> Demand:
    """Plain units of a meter, for what no API call counts (hours of a custom model). Raises UsageError if unknown."""
    if meter not in prices.meters:
        raise UsageError(f"there is no meter {meter!r}", f"Meters: {', '.join(prices.meters)}.")
    return Demand(meter, _operation(prices, meter), meter, units, units)


def calls(choices: Sequence[Choice], counts: Counts, known: Mapping[str, int]) -> dict[str, int]:
    """Calls per operation: APIs that share a call count once."""
    found: dict[str, int] = {}
    for request in requests(choices):
        left = max(max(0, counts.images - known.get(choice.api.name, 0)) for choice in request.choices)
        found[request.operation] = found.get(request.operation, 0) + left
    return found


def paces(choices: Sequence[Choice]) -> dict[str, float]:
    """Calls per second that models of so many units are taken to answer, by operation."""
    return {choice.api.operation: choice.api.runs.tps * choice.units for choice in choices if choice.api.runs}


def video_calls(choices: Sequence[VideoChoice], counts: Counts, known: Mapping[str, FilmCalls]) -> dict[str, int]:
    """Calls that start a job, per operation: one is on all meters of its API."""
    return {choice.api.operation: counts.videos - known.get(choice.api.name, FilmCalls()).calls for choice in choices}


def _video(choice: VideoChoice, meter: str, counts: Counts, known: FilmCalls, seconds: float | None) -> Demand:
    unmeasured = counts.videos - counts.videos_measured
    return Demand(
        choice.api.name,
        choice.api.operation,
        meter,
        units=minutes(counts.video_ms - known.ms),
        high=Decimal(counts.video_minutes_up - known.minutes_up),
        calls=counts.videos - known.calls,
        seconds=seconds,
        open=f"the length of {many(unmeasured, 'video')} is not known" if unmeasured else None,
    )


def _operation(prices: PriceTable, meter: str) -> str:
    """The operation a meter bills, "" for one that no single call stands for."""
    names = prices.operations.get(meter, ())
    return names[0] if len(names) == 1 else ""
