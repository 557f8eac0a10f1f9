"""How Get may want an answer: sorted by time or by name, single moments or segments. The job was paid for once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emulator.errors import invalid_parameter
from emulator.videos.kind import Item, Kind

STEP_MS = 500  # two looks a second, as AWS's answers show
_GAP = 2.5  # steps: a segment goes on over one look that missed


@dataclass(frozen=True, slots=True)
class Order:
    """`by_name`: by the kind's key first."""

    by_name: bool = False
    segments: bool = False

    @classmethod
    def wanted(cls, kind: Kind, request: dict[str, Any]) -> Order:
        return cls(request.get("SortBy", "TIMESTAMP") != "TIMESTAMP", request.get("AggregateBy") == "SEGMENTS")

    def echo(self, kind: Kind) -> dict[str, Any]:
        """GetRequestMetadata, of the kinds that have it."""
        if not kind.aggregates:
            return {}
        sort, aggregate = kind.sort if self.by_name else "TIMESTAMP", "SEGMENTS" if self.segments else "TIMESTAMPS"
        return {"GetRequestMetadata": {"SortBy": sort, "AggregateBy": aggregate}}


def arrange(kind: Kind, items: Iterable[Item], order: Order, ms: int, step: float) -> list[Item]:
    """Items, which come in the order of time, as asked for. `ms`: the film's length, `step`: between looks."""
    if order.segments and not kind.aggregates:
        raise invalid_parameter()
    wanted = list(_merged(kind, items, ms, step) if order.segments else items)
    if order.by_name:
        return sorted(wanted, key=lambda item: (item[kind.member][kind.key], _doubt(kind, item)))
    return sorted(wanted, key=lambda item: item["Timestamp"]) if order.segments else wanted


def _merged(kind: Kind, items: Iterable[Item], ms: int, step: float) -> Iterator[Item]:
    runs: dict[str, list[Item]] = {}
    for item in items:
        run = runs.setdefault(item[kind.member][kind.key], [])
        if run and item["Timestamp"] - run[-1]["Timestamp"] > _GAP * step:
            yield segment(kind, run, run[-1]["Timestamp"])
            run.clear()
        run.append(item)
    for run in runs.values():
        last: int = run[-1]["Timestamp"]
        yield segment(kind, run, ms if ms - last <= step else last)


def _doubt(kind: Kind, item: Item) -> float:
    """Within a name the surest come first; persons and celebrities stay in the order of time."""
    return -float(item[kind.member]["Confidence"]) if kind.aggregates else 0.0


def segment(kind: Kind, run: list[Item], end: int) -> Item:
    """As sure as its surest moment, without places."""
    start = run[0]["Timestamp"]
    surest = max(run, key=lambda item: float(item[kind.member]["Confidence"]))
    finding = {name: value for name, value in surest[kind.member].items() if name != "Instances"}
    times = {"StartTimestampMillis": start, "EndTimestampMillis": end, "DurationMillis": end - start}
    return {**surest, "Timestamp": start, kind.member: finding, **times}
