"""What --near saves: calls of pictures that take the answers of others, which are not in a plan's lines."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.money.prices import money
from jobs.words import dollars


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
