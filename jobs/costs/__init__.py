"""What a job or a month cost: planned, billed and maybe billed, and the cap that holds it.

Rule: what a live job's status needs is counters; Arrow comes in with a job's folder.
"""

from typing import TYPE_CHECKING

from jobs.later import front

if TYPE_CHECKING:
    from jobs.costs.counting import counters, shard_tally, tally
    from jobs.costs.reckoning import CostLine, Costs, reckon
    from jobs.costs.rows import COSTS_SCHEMA, table
    from jobs.costs.tallies import Tallies, Tally

__getattr__ = front(
    __name__,
    {
        "counting": ("counters", "shard_tally", "tally"),
        "reckoning": ("CostLine", "Costs", "reckon"),
        "rows": ("COSTS_SCHEMA", "table"),
        "tallies": ("Tallies", "Tally"),
    },
)
__all__ = [
    "COSTS_SCHEMA",
    "CostLine",
    "Costs",
    "Tallies",
    "Tally",
    "counters",
    "reckon",
    "shard_tally",
    "table",
    "tally",
]
