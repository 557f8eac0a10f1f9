"""Films that may be asked about frame by frame or as stored video: both prices and both times, side by side. Pure.

Rule: only of films that both ways take, and of APIs that find the same in pictures and in films. Both prices are walked
through their tiers from what was billed in the month before, each as if it were asked alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from jobs.apis import Choice, video_catalogue
from jobs.counts import Counts
from jobs.film_speed import ASSUMED, Speed
from jobs.money.prices import PriceTable, Units, money, number, total
from jobs.plan.videos import minutes
from jobs.words import count, dollars, duration, many

HEADER = ("Frames by", "Frames", "Their price", "In", "Or by", "Minutes", "Its price", "in", "Frames cost less below")
RIGHT = ("Frames", "Their price", "In", "Minutes", "Its price", "in")
_CENTS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Way:
    """One way of two. `usd`: dollars, None where no price is known; `seconds`: None where no rate is."""

    api: str
    units: Decimal  # frames, or minutes
    usd: Decimal | None
    seconds: float | None

    def to_json(self, unit: str) -> dict[str, Any]:
        return {"api": self.api, unit: number(self.units), "usd": money(self.usd), "duration_s": self.seconds}


@dataclass(frozen=True, slots=True)
class BothWays:
    frames: Way
    video: Way

    @property
    def break_even(self) -> Decimal | None:
        """Frames a second at which both cost the same: price of a minute / (60 x price of a frame)."""
        if not (self.frames.usd and self.video.usd):
            return None
        minute, frame = self.video.usd / self.video.units, self.frames.usd / self.frames.units
        return (minute / (60 * frame)).quantize(_CENTS, ROUND_HALF_UP)

    def to_json(self) -> dict[str, Any]:
        at = self.break_even
        return {
            "frames": self.frames.to_json("frames"),
            "video": self.video.to_json("minutes"),
            "break_even_fps": None if at is None else float(at),
        }


@dataclass(frozen=True, slots=True)
class Market:
    """What both are priced by. `tps`: calls a second by operation, `at_once`: jobs on stored video."""

    region: str
    prices: PriceTable
    used: Mapping[str, Units]  # units billed before, by meter
    tps: Mapping[str, float | None]
    at_once: int
    speeds: Mapping[str, Speed] = field(default_factory=dict)  # of APIs for video, as jobs have shown them

    def usd(self, meters: Sequence[str], units: Decimal) -> Decimal | None:
        return total(self.prices.price(meter, self.region, units, self.used.get(meter, 0)).usd for meter in meters)


def both_ways(choices: Sequence[Choice], counts: Counts, market: Market) -> tuple[BothWays, ...]:
    """For those of the APIs that have a twin for stored video."""
    frames, length = Decimal(counts.either_frames), minutes(counts.either_ms)
    if not (frames and length):
        return ()
    twins = {api.twin: api for api in video_catalogue().values()}
    found = []
    for choice in choices:
        if (api := twins.get(choice.api.name)) is not None:
            tps = market.tps.get(choice.api.operation)
            by_frames = Way(
                choice.api.name, frames, market.usd(choice.meters, frames), float(frames) / tps if tps else None
            )
            speed = market.speeds.get(api.name, ASSUMED)
            seconds = speed.seconds(counts.either, counts.either_ms) / min(counts.either, market.at_once)
            found.append(BothWays(by_frames, Way(api.name, length, market.usd(api.meters, length), seconds)))
    return tuple(found)


def title(counts: Counts) -> str:
    """What the table is of."""
    return f"Frames, or the whole film, of {many(counts.either, 'video')} that both ways take:"


def rows(found: Sequence[BothWays]) -> list[tuple[str, ...]]:
    """By HEADER."""
    return [_row(one.frames, one.video, one.break_even) for one in found]


def _row(frames: Way, video: Way, at: Decimal | None) -> tuple[str, ...]:
    return (
        frames.api, count(frames.units), dollars(frames.usd), duration(frames.seconds),
        video.api, count(video.units), dollars(video.usd), duration(video.seconds),
        "unknown" if at is None else f"{at} a second",
    )  # fmt: skip
