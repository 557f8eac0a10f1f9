"""An API of a plan that is asked under a condition: what it costs on every image, and where the condition holds."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.conditions.trying import Tried
from jobs.intervals import Interval, share
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

    @property
    def missed(self) -> Interval | None:
        """Of the images on which the API finds something, those on which the condition does not hold."""
        tried = self.tried
        return share(tried.missed_in, tried.found_in) if tried and tried.found_in and not tried.unasked else None

    def to_json(self) -> dict[str, Any]:
        tried, missed = self.tried, self.missed
        return {
            "api": self.api,
            "when": self.when,
            "all_usd": money(self.all_usd),
            "share": self.share.to_json() if self.share else None,
            "usd": dict(zip(("low", "expected", "high"), map(money, self.usd), strict=True)) if self.share else None,
            "sampled": tried.of if tried else 0,
            "job": self.job or None,
            "missed": {"found": tried.found, "missed": tried.missed, "images": missed.to_json()}
            if tried and missed
            else None,
        }
