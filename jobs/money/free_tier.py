"""Free tiers: units that cost nothing each month, for accounts that still have one.

Rule: off unless asked for. AWS's "12 months free" covers only accounts opened before 2025-07-15, so the last of them
ended by 2026-07-15; newer accounts get credits instead. The two offers known are in jobs/data/prices.json: `2026` (per
image group and video API) and `2019` (older pages: one pool for all). Image properties are in neither.
Free units are taken not to move the paid tiers on: the dearer reading, as AWS does not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from jobs.errors import UsageError
from jobs.money.prices import Line, PriceTable, TierLine, Units, walk


@dataclass(frozen=True, slots=True)
class Pool:
    """So many free units a month over these meters together."""

    amount: Decimal
    meters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FreeTier:
    """An offer: its name and pools."""

    name: str
    pools: tuple[Pool, ...]

    @classmethod
    def named(cls, name: str, table: PriceTable) -> "FreeTier":
        """The offer of that name. Raises UsageError if the table has none."""
        offer = table.free_tier.get(name)
        if offer is None:
            raise UsageError(f"there is no free tier {name!r}", f"Choose from: {', '.join(table.free_tier) or 'none'}.")
        return cls(name, tuple(Pool(Decimal(p["amount"]), tuple(p["meters"])) for p in offer["pools"]))


class Month:
    """The running totals of one Region's calendar month: each unit priced moves them on."""

    def __init__(self, table: PriceTable, region: str, used: Mapping[str, Units], free: FreeTier | None = None) -> None:
        self._table = table
        self._region = region
        self._free = free
        self._left = {pool: pool.amount for pool in free.pools} if free else {}
        self._paid: dict[str, Decimal] = {}
        for meter, units in used.items():
            self._paid[meter] = Decimal(units) - self._take_free(meter, Decimal(units))

    def next(self) -> "Month":
        """The month after: every total starts at zero again."""
        return Month(self._table, self._region, {}, self._free)

    def price(self, meter: str, units: Units) -> Line:
        """The next `units` of the meter."""
        count = Decimal(units)
        free = self._take_free(meter, count)
        used = self._paid.get(meter, Decimal(0))
        self._paid[meter] = used + count - free
        tiers = walk(self._table.tiers(meter, self._region), count - free, used)
        if free:
            tiers = (TierLine(free, Decimal(0), Decimal(0), "free-tier"), *tiers)
        return Line(meter, self._region, count, tiers)

    def _take_free(self, meter: str, units: Decimal) -> Decimal:
        taken = Decimal(0)
        for pool, left in self._left.items():
            if meter in pool.meters:
                part = min(left, units - taken)
                self._left[pool] = left - part
                taken += part
        return taken
