"""The reckoning as Arrow has it: the `costs` table."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from jobs.costs.reckoning import CostLine, Costs, reckon
from jobs.costs.tallies import Tallies
from jobs.folder import JobSpec
from jobs.words import count, each

_USD = pa.decimal128(38, 15)
_UNITS = pa.float64()  # quantities, not money


def _field(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc, "aws": ""})


COSTS_SCHEMA = pa.schema(
    [
        _field("api", pa.string(), "The API, as --api names it"),
        _field("operation", pa.string(), "AWS's name of the call"),
        _field("meter", pa.string(), "What AWS bills by; a call with two meters has two rows"),
        _field("unit", pa.string(), "Unit of the meter: image, minute, ..."),
        _field("planned_units", _UNITS, "Units the plan counted"),
        _field("planned_usd", _USD, "US dollars the plan came to; empty: not known"),
        _field("actual_units", _UNITS, "Units of answered calls"),
        _field("actual_usd", _USD, "US dollars of the answered calls at the plan's prices; empty: not known"),
        _field("maybe_units", _UNITS, "Units of attempts whose answer never came: AWS may have billed them"),
        _field("maybe_usd", _USD, "US dollars those would cost on top; empty: not known"),
        _field("ok", pa.int64(), "Calls answered, known answers among them"),
        _field("known", pa.int64(), "Calls answered from an earlier paid call, at no cost"),
        _field("skipped", pa.int64(), "Calls never sent, at no cost"),
        _field("failed", pa.int64(), "Calls that failed; taken as not billed"),
        _field("not_asked", pa.int64(), "Calls whose condition did not hold, or could not be decided, at no cost"),
        _field("undecided", pa.int64(), "Of these, calls whose condition could not be decided: they spared nothing"),
        _field("attempts", pa.int64(), "Requests sent, retries among them"),
        _field("tiers", pa.string(), "The walk through the price tiers: units x price of one, added up"),
        _field("prices_as_of", pa.string(), "Date of the prices"),
        _field("prices_source", pa.string(), "Where the prices are from"),
    ]
)


def table(spec: JobSpec, tallies: Tallies | Mapping[str, int]) -> pa.Table:
    """The `costs` table of a job, by COSTS_SCHEMA."""
    return table_of(reckon(spec, tallies))


def table_of(costs: Costs) -> pa.Table:
    """The same of a reckoning."""
    rows = [_row(line, costs) for line in costs.lines]
    arrays = [pa.array([row[f.name] for row in rows], f.type) for f in COSTS_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=COSTS_SCHEMA)


def _row(line: CostLine, costs: Costs) -> dict[str, Any]:
    walk = " + ".join(f"{count(tier.units)} x {each(tier.usd_each)}" for tier in line.actual)
    return {
        "api": line.api,
        "operation": line.operation,
        "meter": line.meter,
        "unit": line.unit,
        "planned_units": float(line.planned_units),
        "planned_usd": line.planned_usd,
        "actual_units": float(line.actual_units),
        "actual_usd": line.actual_usd,
        "maybe_units": float(line.maybe_units),
        "maybe_usd": line.maybe_usd,
        "ok": line.calls.ok,
        "known": line.calls.known,
        "skipped": line.calls.skipped,
        "failed": line.calls.failed,
        "not_asked": line.calls.not_asked,
        "undecided": line.calls.undecided,
        "attempts": line.calls.attempts,
        "tiers": walk,
        "prices_as_of": costs.prices_as_of,
        "prices_source": costs.prices_source,
    }
