"""Calls that --near spares, and the plan without them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from jobs.plan.near import NearSaving
from jobs.plan.values import Plan


@dataclass(frozen=True, slots=True)
class NearCalls:
    """Pictures of a source that take the answers of others. `calls`: those that are spared, by API."""

    images: int
    bits: int
    calls: Mapping[str, int]

    def priced(self, plan_without: Callable[[Mapping[str, int]], Plan]) -> Plan:
        """The plan, and what they save in it. `plan_without`: the plan without some calls of each API."""
        built, whole = plan_without(self.calls), plan_without({})
        usd = None if built.total is None or whole.total is None else whole.total - built.total
        return replace(built, near=NearSaving(self.images, self.bits, usd))
