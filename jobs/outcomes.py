"""What became of a call: one row of a result part.

Rule: every call planned ends as exactly one row, `ok`, `skipped`, `failed` or `not-asked` (its condition did not hold,
or could not be decided); an item error is a row, not an exception. Until then a part may hold an `open` row of it,
which owns the attempts that have no answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Literal

import pyarrow as pa

from jobs.attempts import Attempts
from jobs.codes import Code

Status = Literal["ok", "skipped", "failed", "not-asked", "open"]
NOT_ASKED: Status = "not-asked"  # `--when`: its condition did not hold, or could not be decided; free (since 3)
UNDECIDED = "undecided"  # counter of those whose condition could not be decided: they spared nothing
INHERITED = "inherited"  # `--near`: the answer is that of a picture that looks like it
FREE = ("known", INHERITED)  # `sent` of an answer that cost nothing
OPEN: Status = "open"  # attempted, and without an outcome yet: only in parts that are not whole, and in no table


@dataclass(frozen=True, slots=True)
class Outcome:
    item_id: int  # the item
    api: str  # catalogue name
    outcome: Status  # what became of the call
    code: str | None = None  # AWS's error code, or one of `jobs.codes`
    message: str | None = None  # what was said with it
    attempts: int = 0  # requests sent for this call, over all tries and restarts
    throttles: int = 0  # of the attempts, those that AWS refused as too fast; not billed
    maybe_billed: int = 0  # attempts whose answer never came, so AWS may have billed them on top of `units`
    units: int = 0  # units billed on each of the API's meters: 1 for a call that was billed, 0 else
    sent: str | None = None  # "s3", "bytes", "fitted" (by us), "known" (answered before), "inherited" (from one alike)
    fit: str | None = None  # what was done to the picture: "rotated; webp->jpeg; 6000x4000->4096x2731"
    width: int | None = None  # pixels of the upright picture as sent
    height: int | None = None  # the same
    format: str | None = None  # sniffed: "jpeg", "png", "webp", ...
    latency_ms: int | None = None  # of the answered attempt
    started_at: datetime | None = None  # aware, UTC: first attempt
    model_version: str | None = None  # of AWS's model
    response: str | None = None  # the answer's JSON, only the keys that belong to this API
    content: str | None = None  # what the item is: "sha256:<hex>" or "etag:<etag>:<size>"; None where it was not read
    answer_of: str | None = None  # of a known or inherited answer: "<job>/<item_id>" of the call it is from
    marks: str | None = None  # the attempts by holder, with mark and month: "k3f9x2ab0q:m2026-11,b2026-11" (since 2)
    ms: int | None = None  # of a film: milliseconds of one of its units, as AWS says, before that as probed (since 2)
    probed_ms: int | None = None  # of a film: its length as its header has it (since 2)
    video_job: str | None = None  # of a film: AWS's JobId (since 2)
    epoch: int | None = None  # of a film: 0, or more where it was knowingly paid again (since 2)
    distance: int | None = None  # of an inherited answer: bits in which the two pictures' hashes differ (since 3)
    place: str | None = None  # of a job at several places: where it was answered or refused; None: its own (since 5)


RESULT_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), nullable=False),
        pa.field("api", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("message", pa.string()),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("throttles", pa.int32(), nullable=False),
        pa.field("maybe_billed", pa.int32(), nullable=False),
        pa.field("units", pa.int32(), nullable=False),
        pa.field("sent", pa.string()),
        pa.field("fit", pa.string()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
        pa.field("latency_ms", pa.int32()),
        pa.field("started_at", pa.timestamp("us", tz="UTC")),
        pa.field("model_version", pa.string()),
        pa.field("response", pa.string()),
        pa.field("content", pa.string()),
        pa.field("answer_of", pa.string()),
        pa.field("marks", pa.string()),
        pa.field("ms", pa.int64()),
        pa.field("probed_ms", pa.int64()),
        pa.field("video_job", pa.string()),
        pa.field("epoch", pa.int64()),
        pa.field("distance", pa.int32()),
        pa.field("place", pa.string()),
    ]
)
_NAMES = tuple(field.name for field in fields(Outcome))


def counted_as(outcome: str, code: str | None) -> tuple[str, ...]:
    """What the counters are called that such a call is in."""
    name = outcome.replace("-", "_")
    return (name, UNDECIDED) if code == Code.CONDITION_UNKNOWN else (name,)


def open_row(item_id: int, api: str, attempts: Attempts) -> Outcome:
    """Of a call that was attempted and has no outcome yet."""
    return Outcome(item_id, api, OPEN, **attempts.columns)


def with_attempts(row: Outcome, attempts: Attempts) -> Outcome:
    """A row with these attempts beside those that it tells of."""
    both = Attempts.parse(row.marks) | attempts
    return replace(row, **both.columns) if both else row


def to_table(outcomes: Iterable[Outcome]) -> pa.Table:
    """Outcomes as a table of RESULT_SCHEMA."""
    rows = list(outcomes)
    arrays = [
        pa.array([getattr(row, name) for row in rows], field.type)
        for name, field in zip(_NAMES, RESULT_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=RESULT_SCHEMA)


def from_table(table: pa.Table) -> list[Outcome]:
    """The outcomes of a table of RESULT_SCHEMA."""
    return [Outcome(*row) for row in zip(*(table.column(name).to_pylist() for name in _NAMES), strict=True)]
