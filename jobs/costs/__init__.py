"""What a job or a month cost: planned, billed and maybe billed, and the cap that holds it."""

from jobs.costs.reckoning import COSTS_SCHEMA, CostLine, Costs, reckon, table
from jobs.costs.tally import Tallies, Tally, counters, shard_tally, tally

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
