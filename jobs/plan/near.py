"""What --near saves: calls of pictures that take the answers of others, which are not in a plan's lines. And what it
may miss: how often the answers on two pictures that look alike differ, by pairs of which both were asked. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.intervals import Interval, share
from jobs.money.prices import money
from jobs.plan.shares import between
from jobs.planned import PairsAsked, PlannedNear
from jobs.words import count, dollars, many


@dataclass(frozen=True, slots=True)
class NearSaving:
    images: int  # that take the answers of others
    bits: int  # in which they differ at most
    usd: Decimal | None  # None: a price is not known
    job: str = ""  # that asked pairs
    asked: tuple[PairsAsked, ...] = ()

    def text(self, of: int) -> str:
        verb = "is" if self.images == 1 else "are"
        saves = f": saves {dollars(self.usd)}" if self.images and self.usd is not None else ""
        return (
            f"{self.images:,} of {of:,} {verb} within {self.bits} bits of another (--near), whose answers count{saves}."
        )

    def missed(self) -> list[str]:
        """What it may miss."""
        return list(missed(self.record()))

    def record(self) -> PlannedNear:
        return PlannedNear(self.images, self.usd, self.job, self.asked)

    def to_json(self) -> dict[str, Any]:
        pairs = {"pairs": {"job": self.job, "apis": [_pairs_json(one, self.images) for one in self.asked]}}
        saves = {"images": self.images, "bits": self.bits, "saves_usd": money(self.usd)}
        return saves | (pairs if self.job else {})


def missed(near: PlannedNear) -> Iterator[str]:
    """Sentences for plan, report and costs; none where nothing was inherited."""
    if not near.images:
        return
    if not near.job:
        yield "How often their answers differ is not known: `estimate --pilot N --near D` asks pairs (paid, capped)."
    for one in near.asked:
        yield f"{one.api}: {_differing(one, near.images)} (job {near.job})."


def inherited(api: str, by_distance: Mapping[int, int]) -> str:
    """`36 answers of labels inherited (--near): 12 at 0 bits, 24 at 1 bit`."""
    each = ", ".join(f"{count(n)} at {many(bits, 'bit')}" for bits, n in sorted(by_distance.items()))
    return f"{many(sum(by_distance.values()), 'answer')} of {api} inherited (--near): {each}"


def differ(one: PairsAsked, images: int) -> Interval:
    """Of the answers that `images` inherit, the share that another answer would be."""
    return share(one.differ, one.pairs, images)


def _differing(one: PairsAsked, images: int) -> str:
    if not one.pairs:
        return "of no pair both were answered, so how often they differ is not known"
    asked = f"other {one.what} in {count(one.differ) if one.differ else 'none'} of {many(one.pairs, 'pair')} asked"
    return f"{asked}, so in {between(differ(one, images), 'what is inherited')}"


def _pairs_json(one: PairsAsked, images: int) -> dict[str, Any]:
    numbers = {"pairs": one.pairs, "differ": one.differ, "share": differ(one, images).to_json()}
    return {"api": one.api, "compared": one.what, **numbers}
