"""From outcomes to table rows: pure, a run of items at a time.

Rule: nothing here keeps state between calls, so memory stays flat and runs of items may be flattened in other
processes.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.apis.base import Api, Tabled
from jobs.outcomes import FREE, NOT_ASKED
from jobs.uris import frame_of
from reports.tables.layout import FAILURES, IMAGES, Layout
from reports.tables.set_apart import misfits, set_apart
from reports.tables.states import SEEN, Calls, calls_of, state_of

Answer = dict[str, Any]
_FAILURE_COLUMNS = ("api", "outcome", "code", "message", "attempts", "maybe_billed", "response")


def flatten(layout: Layout, items: pa.Table, outcomes: pa.Table | None, whole: bool = True) -> dict[str, pa.Table]:
    """The rows of every table, for a run of items (MANIFEST_SCHEMA) and the outcomes of their calls (RESULT_SCHEMA).

    `whole`: every call on these items has its outcome; `outcomes` is None where there is none at all.
    Tables come back as `layout.image_tables` names them, with the schemas of `layout.schemas`. An answer that no table
    can take is a row of `failures`.
    """
    try:
        return _flatten(layout, items, outcomes, whole)
    except MemoryError:
        raise
    except Exception:  # of one answer or several: found by trying each alone, which only now is worth its time
        if outcomes is None or not (odd := _odd(layout, outcomes)):
            raise
        return _flatten(layout, items, set_apart(outcomes, odd), whole)


def _odd(layout: Layout, outcomes: pa.Table) -> dict[tuple[int, str], str]:
    """(item id, API) -> why its answer cannot be flattened."""

    def read(api: Api, text: bytes) -> Answer:
        return _read(api, text, layout.min_confidence, layout.cap_of(api))[0]

    return {
        (item_id, api.name): why
        for api in layout.rows
        for item_id, why in misfits(api, zip(*_answers(outcomes, api.name), strict=True), read).items()
    }


def _flatten(layout: Layout, items: pa.Table, outcomes: pa.Table | None, whole: bool) -> dict[str, pa.Table]:
    schemas = layout.schemas
    keys = Keys(layout, items)
    tables: dict[str, pa.Table] = {}
    briefs: list[tuple[Api, list[int], list[tuple[Any, ...]]]] = []
    for api in layout.rows:
        with no_collector():
            tables[api.table], ids, brief = _one_api(layout, api, schemas[api.table], outcomes, keys)
        briefs.append((api, ids, brief))
    images = _images(layout, schemas[IMAGES], items, keys, calls_of(items, outcomes, layout.job), whole, briefs)
    if layout.videos:  # they are in a table of their own
        images = images.filter(pc.not_equal(images.column("kind"), "video"))
    return {IMAGES: images, **tables, FAILURES: _failures(schemas[FAILURES], outcomes, keys)}


def _one_api(
    layout: Layout, api: Api, schema: pa.Schema, outcomes: pa.Table | None, keys: "Keys"
) -> tuple[pa.Table, list[int], list[tuple[Any, ...]]]:
    """An API's table, and its columns of `images` with the ids of their items. One parsed answer lives at a time."""
    rows: list[tuple[Any, ...]] = []
    row_ids: list[int] = []
    brief: list[tuple[Any, ...]] = []
    ids, texts = _answers(outcomes, api.name)
    threshold, cap = layout.min_confidence, layout.cap_of(api)
    for item_id, text in zip(ids, texts, strict=True):
        answer, full = _read(api, text, threshold, cap)
        before = len(rows)
        rows.extend(api.rows(answer))
        row_ids.extend([item_id] * (len(rows) - before))
        brief.append((*api.brief(answer), *full))
    key = pa.array(row_ids, pa.int64())
    return api_table(api, schema, [key, *keys.of(key)], rows, threshold), ids, brief


@contextmanager
def no_collector() -> Iterator[None]:
    """Rows hold no cycles, and collecting while a run of them is built takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Keys:
    """What tells an item in the tables of pictures, beside its id: for a run of consecutive items."""

    def __init__(self, layout: Layout, items: pa.Table) -> None:
        self.first: int = items.column("item_id")[0].as_py() if items.num_rows else 0
        self.uris = items.column("uri")
        self.columns = {"uri": self.uris} | (_moments(items) if layout.frames else {})

    def of(self, ids: pa.Array) -> list[pa.ChunkedArray]:
        places = pc.subtract(ids, self.first)
        return [column.take(places) for column in self.columns.values()]


def _moments(items: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The film of each frame, and when in it."""
    frame = pc.equal(items.column("kind"), "frame").to_pylist()
    found = [
        frame_of(uri) if is_one else (None, None) for uri, is_one in zip(items["uri"].to_pylist(), frame, strict=True)
    ]
    films, moments = zip(*found, strict=True) if found else ((), ())
    return {
        "video": pa.chunked_array([pa.array(films, pa.string())]),
        "timestamp_ms": pa.chunked_array([pa.array(moments, pa.int64())]),
    }


def _answers(outcomes: pa.Table | None, api: str) -> tuple[list[int], list[bytes]]:
    """Item ids and answers, as JSON, of the answered calls of one API."""
    if outcomes is None:
        return [], []
    answered = pc.and_(pc.equal(outcomes.column("outcome"), "ok"), pc.is_valid(outcomes.column("response")))
    wanted = pc.and_(pc.equal(outcomes.column("api"), api), answered)
    mine = outcomes.select(["item_id", "response"]).filter(wanted)
    return mine.column("item_id").to_pylist(), mine.column("response").cast(pa.binary()).to_pylist()


def api_table(
    api: Tabled,
    schema: pa.Schema,
    keys: list[pa.Array | pa.ChunkedArray],
    rows: list[tuple[Any, ...]],
    threshold: float | None,
) -> pa.Table:
    """An API's rows as its table, those under the threshold left out. `keys`: its first columns, telling the item."""
    columns = zip(*rows, strict=True) if rows else [()] * len(api.schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, api.schema, strict=True)]
    table = pa.Table.from_arrays([*keys, *arrays], schema=schema)
    if threshold is not None and api.confidence_column is not None:
        confidence = table.column(api.confidence_column)
        table = table.filter(pc.fill_null(pc.greater_equal(confidence, threshold), True))
    return table


def _read(api: Api, text: bytes, threshold: float | None, cap: int | None) -> tuple[Answer, tuple[bool, ...]]:
    """The answer as the tables take it, and whether it was full, of an API whose answers can be."""
    answer: Answer = orjson.loads(text)
    full = (cap is not None and api.cap.found(answer) >= cap,) if api.cap else ()
    return (answer if threshold is None else pruned(answer, api, threshold)), full


def pruned(answer: Answer, api: Tabled, threshold: float) -> Answer:
    """The answer without the findings under the threshold, as if AWS had been asked with it.

    The field that holds the confidence is read from the schema: "Labels[].Confidence" says that entries of `Labels` go.
    """
    if api.confidence_column is None:
        return answer
    paths = (api.schema.field(api.confidence_column).metadata or {}).get(b"aws", b"").decode()
    for path in paths.split(" | "):
        key, bracket, leaf = path.partition("[].")
        if bracket and isinstance(answer.get(key), list):
            answer = {**answer, key: [entry for entry in answer[key] if _dig(entry, leaf) >= threshold]}
    return answer


def _dig(entry: Any, leaf: str) -> float:
    """The confidence of an entry; one without any is kept, as a row without any is."""
    for name in leaf.split("."):
        entry = entry.get(name) if isinstance(entry, Mapping) else None
    return entry if isinstance(entry, int | float) else float("inf")


def _failures(schema: pa.Schema, outcomes: pa.Table | None, keys: Keys) -> pa.Table:
    if outcomes is None:
        return schema.empty_table()
    bad = outcomes.filter(pc.invert(pc.is_in(outcomes.column("outcome"), pa.array(["ok", NOT_ASKED]))))
    ids = bad.column("item_id").combine_chunks()
    return failures(schema, bad, keys.uris.take(pc.subtract(ids, keys.first)))


def failures(schema: pa.Schema, bad: pa.Table, uris: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Outcomes that are not ok as rows of `failures`."""
    ids = bad.column("item_id").combine_chunks()
    return pa.Table.from_arrays([ids, uris, *(bad.column(n) for n in _FAILURE_COLUMNS)], schema=schema)


def _images(
    layout: Layout,
    schema: pa.Schema,
    items: pa.Table,
    keys: Keys,
    calls: list[Calls | None],
    whole: bool,
    briefs: list[tuple[Api, list[int], list[tuple[Any, ...]]]],
) -> pa.Table:
    first, count = keys.first, items.num_rows
    asked = len(briefs)
    states = [
        state_of(skip, row, None if whole else asked)
        for skip, row in zip(items["skip"].to_pylist(), calls, strict=True)
    ]
    columns: dict[str, Any] = {"item_id": items.column("item_id"), **keys.columns}
    columns |= {name: items.column(name) for name in ("kind", "size")}
    columns |= {name: [getattr(row, name) if row else None for row in calls] for name in SEEN}
    columns["status"] = [status for status, _ in states]
    columns["reason"] = [reason for _, reason in states]
    columns["sent"] = [";".join(dict.fromkeys(row.sent)) or None if row else None for row in calls]
    columns["known"] = [sum(sent in FREE for sent in row.sent) if row else 0 for row in calls]
    columns["not_asked"] = ["; ".join(row.not_asked) or None if row else None for row in calls]
    columns["since"] = [row.since if row else None for row in calls]
    if "answer_of" in schema.names:
        pairs = [row.near or (None, None) if row else (None, None) for row in calls]
        columns |= {"answer_of": [item for item, _ in pairs], "distance": [bits for _, bits in pairs]}
    if layout.places:
        for what, name in enumerate(("region", "account")):
            columns[name] = [_each(layout.places, what, row) for row in calls]
    arrays = [columns[name] for name in schema.names[: len(columns)]]
    for api, ids, rows in briefs:
        width = len(api.brief_schema) + (api.cap is not None)
        arrays += _spread(rows, [item_id - first for item_id in ids], count, width)
    return pa.Table.from_arrays(
        [a if isinstance(a, pa.ChunkedArray) else pa.array(a, f.type) for a, f in zip(arrays, schema, strict=True)],
        schema=schema,
    )


def _each(places: Mapping[str, tuple[str, str]], what: int, row: Calls | None) -> str | None:
    """The Regions, or the accounts, that answered."""
    return "; ".join(dict.fromkeys(places[name][what] for name in row.places)) or None if row else None


def _spread(rows: list[tuple[Any, ...]], places: list[int], count: int, width: int) -> list[list[Any]]:
    """Brief columns at their items' places, null where an API has no answer."""
    spread: list[list[Any]] = [[None] * count for _ in range(width)]
    for place, row in zip(places, rows, strict=True):
        for column, value in zip(spread, row, strict=True):
            column[place] = value
    return spread
