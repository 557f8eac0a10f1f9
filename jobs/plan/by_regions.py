"""The same scan in the first Region alone, in two, in three: hours and price side by side. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.money.prices import money
from jobs.words import dollars, duration

HEADER = ("Regions", "Calls a second", "Duration", "Price", "S3 transfer")
RIGHT = HEADER[1:]


@dataclass(frozen=True, slots=True)
class WithRegions:
    """With so many Regions. `tps`: of its slowest operation; None where it is not known, as the dollars."""

    regions: tuple[str, ...]
    tps: float | None
    seconds: float | None
    usd: Decimal | None
    transfer_usd: Decimal | None = Decimal(0)  # of objects on S3 that leave their Region, at most

    def to_json(self) -> dict[str, Any]:
        return {
            "regions": list(self.regions),
            "tps": self.tps,
            "duration_s": self.seconds,
            "usd": money(self.usd),
            "s3_transfer_usd": money(self.transfer_usd),
        }


def rows(several: Sequence[WithRegions]) -> list[tuple[str, ...]]:
    """By HEADER."""
    return [
        (
            ", ".join(one.regions),
            "unknown" if one.tps is None else f"{one.tps:g}",
            duration(one.seconds),
            dollars(one.usd),
            dollars(one.transfer_usd),
        )
        for one in several
    ]
