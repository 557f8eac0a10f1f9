"""What --near saves: calls of pictures that take the answers of others, which are not in a plan's lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from jobs.money.prices import money
from jobs.words import dollars

if TYPE_CHECKING:
    from jobs.plan.values import Plan


@dataclass(frozen=True, slots=True)
class NearSaving:
    images: int  # that take the answers of others
    bits: int  # in which they differ at most
    usd: Decimal | None  # None: a price is not known

    def text(self, of: int) -> str:
        verb = "is" if self.images == 1 else "are"
        saves = f": saves {dollars(self.usd)}" if self.images and self.usd is not None else ""
        return (
            f"{self.images:,} of {of:,} {verb} within {self.bits} bits of another (--near), whose answers count{saves}."
        )

    def to_json(self) -> dict[str, Any]:
        return {"images": self.images, "bits": self.bits, "saves_usd": money(self.usd)}


@dataclass(frozen=True, slots=True)
class NearCalls:
    """Pictures of a source that take the answers of others. `calls`: those that are spared, by API."""

    images: int
    bits: int
    calls: Mapping[str, int]

    def priced(self, plan_without: "Callable[[Mapping[str, int]], Plan]") -> "Plan":
        """The plan, and what they save in it. `plan_without`: the plan without some calls of each API."""
        built, whole = plan_without(self.calls), plan_without({})
        known = built.total is not None and whole.total is not None
        usd = whole.total - built.total if known else None  # type: ignore[operator]
        return replace(built, near=NearSaving(self.images, self.bits, usd))
