"""Outcomes as the journal keeps them in Redis, and the ledger's counters they raise."""

from dataclasses import fields
from datetime import datetime

import orjson
import pyarrow as pa

from jobs.outcomes import FREE, Outcome, counted_as

_codec = pa.Codec("zstd")
_FIELDS = [(field.name, field.default) for field in fields(Outcome)]


def encode(outcomes: list[Outcome]) -> bytes:
    """Outcomes as the journal keeps them: length, then zstd of JSON, without fields that have their default."""
    data = orjson.dumps(
        [{n: value for n, default in _FIELDS if (value := getattr(row, n)) != default} for row in outcomes]
    )
    return len(data).to_bytes(4, "big") + bytes(_codec.compress(data, asbytes=True))


def decode(data: bytes) -> list[Outcome]:
    rows = orjson.loads(_codec.decompress(data[4:], int.from_bytes(data[:4], "big"), asbytes=True))
    for row in rows:
        if row.get("started_at"):
            row["started_at"] = datetime.fromisoformat(row["started_at"])
    return [Outcome(**row) for row in rows]


def counters_of(outcomes: list[Outcome]) -> str:
    """The ledger's counters that these outcomes raise. What attempts raise, the ledger's script does itself."""
    names = [f"{name}:{row.api}" for row in outcomes for name in counted_as(row.outcome, row.code)]
    names += [f"known:{row.api}" for row in outcomes if row.sent in FREE]
    return " ".join(names)
