"""An API of a plan that is asked under a condition: what it costs on every image, and where the condition holds."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.conditions.trying import Tried
from jobs.intervals import Interval
from jobs.money.prices import money


@dataclass(frozen=True, slots=True)
class Conditional:
    """An API that is asked under a condition. Dollars are None where a price, or the share, is not known."""

    api: str
    when: str
    all_usd: Decimal | None  # were it asked of every image
    share: Interval | None = None  # of the images, those the condition holds for
    usd: tuple[Decimal | None, ...] = (None, None, None)  # of those: low, expected, high
    tried: Tried | None = None  # the sample that says so
    job: str = ""  # that has the sample's answers
    inherits: bool = False  # a picture may take the answer of one that looks like it
    finds: Interval | None = None  # of all images, those on which the API finds something
    missed: Interval | None = None  # of those, the ones on which the condition does not hold

    def to_json(self) -> dict[str, Any]:
        return {
            "api": self.api,
            "when": self.when,
            "all_usd": money(self.all_usd),
            "share": self.share.to_json() if self.share else None,
            "usd": dict(zip(("low", "expected", "high"), map(money, self.usd), strict=True)) if self.share else None,
            "sampled": self.tried.of if self.tried else 0,
            "job": self.job or None,
            "missed": self._missed_json(),
        }

    def _missed_json(self) -> dict[str, Any] | None:
        """None where the API was not asked about all of the sample, so that nobody knows."""
        if self.tried is None or self.finds is None:
            return None
        images = self.missed.to_json() if self.missed else None
        return {
            "found": self.tried.found, "missed": self.tried.missed, "images": images, "finds": self.finds.to_json()
        }  # fmt: skip
