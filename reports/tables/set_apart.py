"""Answers that no table can take, set apart: a null in a list, half of a character, a number beyond its column.

Rule: data never fail a build. Such an answer becomes a `failures` row with its reason and the answer as it came; the
others are flattened as if it were not there.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from jobs.apis.base import Api
from jobs.codes import Code

Read = Callable[[Api, bytes], Any]  # an answer's JSON -> the answer, as flattening takes it


def misfits(api: Api, answers: Iterator[tuple[int, bytes]], read: Read) -> dict[int, str]:
    """Item id -> why its answer does not fit the API's tables."""
    found = {}
    for item_id, text in answers:
        try:
            answer = read(api, text)
            _fits(list(api.rows(answer)), api.schema)
            _fits([api.brief(answer)], api.brief_schema)
        except MemoryError:
            raise
        except Exception as error:  # hostile data raise whatever they like
            found[item_id] = why_odd(error)
    return found


def why_odd(error: Exception) -> str:
    """What an answer raised, as a message that can be stored."""
    return f"{type(error).__name__}: {error}"[:500].encode("utf-8", "backslashreplace").decode()


def _fits(rows: list[tuple[Any, ...]], schema: pa.Schema) -> None:
    for column, field in zip(zip(*rows, strict=True), schema, strict=bool(rows)):
        pa.array(column, field.type)


def set_apart(outcomes: pa.Table, odd: Mapping[tuple[int, str], str]) -> pa.Table:
    """The outcomes with those of `odd` (item id, API) as failed; their answers stay beside them."""
    calls = list(zip(outcomes["item_id"].to_pylist(), outcomes["api"].to_pylist(), strict=True))
    for name, value in (("outcome", "failed"), ("code", str(Code.ODD_ANSWER)), ("message", None)):
        column = [
            (odd[call] if value is None else value) if call in odd else old
            for call, old in zip(calls, outcomes[name].to_pylist(), strict=True)
        ]
        at = outcomes.schema.get_field_index(name)
        outcomes = outcomes.set_column(at, outcomes.schema.field(at), pa.array(column, pa.string()))
    return outcomes
