"""Demand: what a scan asks of AWS's meters, before any price: the quantity on each line of a bill.

Rule: one demand per API and meter, in the order the APIs were asked for. A quantity that cannot be known says why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from jobs.apis import Choice, VideoChoice, requests
from jobs.counts import Counts
from jobs.errors import UsageError
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
    grows: str | None = None  # kept from then on, of the images of this API: one a face
    days: Decimal | None = None  # kept so long, and billed by the month
    open: str | None = None  # why the quantity is not fully known

    def dear(self) -> "Demand":
        """The demand if AWS reads its unclear rule the dearer way."""
        return replace(self, units=self.high)


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
        if not choice.meters and (counts.images or counts.videos):
            found += _uncounted(api.name, api.operation, prices)
        for meter in choice.meters:
            calls = max(0, counts.images - have)
            units = Decimal(calls + (stream.total if stream else 0))
            found.append(Demand(api.name, api.operation, meter, units, units, calls, per_call=True))
        if stream and api.stores:
            name = f"{api.name} storage"
            found.append(Demand(name, "", api.stores, Decimal(0), Decimal(0), grows=api.name))
    return found


def of_videos(choices: Sequence[VideoChoice], counts: Counts, seconds: float | None) -> list[Demand]:
    """What these APIs ask for on these videos, all of them in so many seconds."""
    return [
        _video(choice.api.name, choice.api.operation, meter, counts, seconds)
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


def video_calls(choices: Sequence[VideoChoice], counts: Counts) -> dict[str, int]:
    """Calls that start a job, per operation: one is on all meters of its API."""
    return {choice.api.operation: counts.videos for choice in choices}


def _uncounted(name: str, operation: str, prices: PriceTable) -> list[Demand]:
    """An API whose price does not depend on its calls: its quantity is for the user to say."""
    meter = prices.meter_of(operation)
    if meter is None:
        return []
    unit = prices.unit(meter)
    why = f"AWS bills it by the {unit}, not by the call: add --units {meter}=N to an estimate"
    return [Demand(name, operation, meter, Decimal(0), Decimal(0), open=why)]


def _video(name: str, operation: str, meter: str, counts: Counts, seconds: float | None) -> Demand:
    unmeasured = counts.videos - counts.videos_measured
    return Demand(
        name,
        operation,
        meter,
        units=minutes(counts.video_ms),
        high=Decimal(counts.video_minutes_up),
        calls=counts.videos,
        seconds=seconds,
        open=f"the length of {many(unmeasured, 'video')} is not known" if unmeasured else None,
    )


def _operation(prices: PriceTable, meter: str) -> str:
    """The operation a meter bills, "" for one that no single call stands for."""
    names = prices.operations.get(meter, ())
    return names[0] if len(names) == 1 else ""
