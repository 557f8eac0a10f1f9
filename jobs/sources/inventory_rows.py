"""Columns of an S3 Inventory file to rows of a manifest.

Rule: vectorised; the only Python loop runs over the distinct name endings of a batch. Goal: a million rows a second.
"""

from urllib.parse import unquote, unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from jobs.codes import Code
from jobs.formats.names import of_key
from jobs.sources.rows import ROW_SCHEMA

ARCHIVED = frozenset(("GLACIER", "DEEP_ARCHIVE"))  # classes that S3 does not serve without a restore
_ARCHIVED = pa.array(sorted(ARCHIVED), pa.string())


def rows_of(table: pa.Table, *, encoded: bool) -> pa.RecordBatch:
    """Inventory columns (named as `inventory.normal` does) as one batch of ROW_SCHEMA: current versions only.

    `encoded`: keys are URL-encoded, as in CSV reports.
    """
    table = _current(table).combine_chunks()
    count = table.num_rows
    key = _column(table, "key", pa.string())
    if encoded:
        key = _decoded(key)
    size = _column(table, "size", pa.int64())
    kind, skip = _kinds(key)
    storage = _column(table, "storageclass", pa.string())
    archived = pc.fill_null(pc.is_in(storage, _ARCHIVED), False)
    skip = pc.if_else(
        pc.and_(archived, pc.is_null(skip)), pc.binary_join_element_wise(f"{Code.ARCHIVED}: ", storage, ""), skip
    )
    nothing = pc.fill_null(pc.equal(size, 0), False)
    if pc.any(nothing).as_py():
        empty = pc.if_else(pc.ends_with(key, "/"), pa.scalar(Code.FOLDER.value), pa.scalar(Code.EMPTY.value))
        skip = pc.if_else(nothing, empty, skip)
    version = _column(table, "versionid", pa.string())
    etag = pc.utf8_trim(_column(table, "etag", pa.string()), '"')
    columns = [
        pc.binary_join_element_wise("s3://", _column(table, "bucket", pa.string()), "/", key, ""),
        kind,
        size,
        _blank_to_null(etag),
        pc.if_else(pc.equal(version, "null"), pa.scalar(None, pa.string()), _blank_to_null(version)),
        _modified(table, count),
        skip,
    ]
    return pa.RecordBatch.from_arrays([_flat(column) for column in columns], schema=ROW_SCHEMA)


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, kind)
    column = _flat(table.column(name))
    if pa.types.is_string(column.type) and not pa.types.is_string(kind):
        column = _blank_to_null(column)
    return column.cast(kind)


def _blank_to_null(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _current(table: pa.Table) -> pa.Table:
    """Without old versions and delete markers."""
    keep = None
    for name, wanted in (("islatest", True), ("isdeletemarker", False)):
        if name in table.column_names:
            column = _flat(table.column(name))
            if pa.types.is_string(column.type):
                column = pc.equal(pc.utf8_lower(column), "true")
            column = pc.fill_null(column, wanted)
            here = column if wanted else pc.invert(column)
            keep = here if keep is None else pc.and_(keep, here)
    return table if keep is None or pc.all(keep).as_py() else table.filter(keep)


def _decoded(key: pa.Array) -> pa.Array:
    """URL-decoded keys. Python decodes a whole column at once, joined by a character that no encoded key holds."""
    key = pc.replace_substring(key, "+", " ")
    coded = pc.match_substring(key, "%")
    if not pc.any(coded).as_py():
        return key
    texts = key.filter(coded).to_pylist()
    joined = "\n".join(texts)
    if joined.count("\n") == len(texts) - 1 and "%0A" not in joined and "%0a" not in joined:
        decoded = pa.array(unquote_to_bytes(joined).split(b"\n"), pa.binary())
        try:
            return pc.replace_with_mask(key, coded, decoded.cast(pa.string()))
        except pa.ArrowInvalid:  # some key is no UTF-8
            pass
    return pc.replace_with_mask(key, coded, pa.array([unquote(text) for text in texts], pa.string()))


def _kinds(key: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(kind, skip) columns by extension; a name that says nothing may be a picture (see `kinds.of_key`)."""
    # The last bytes as a dictionary: extensions repeat, so Python sees each ending once. Seven bytes hold every short
    # extension, its dot and one character before it. Slicing bytes is much faster than slicing characters, and a
    # character cut in half cannot be part of a known extension.
    endings = pc.binary_slice(key.cast(pa.binary()), -7, None).dictionary_encode()
    texts = [ending.decode("utf-8", "replace") for ending in endings.dictionary.to_pylist()]
    known = [of_key(text) for text in texts]
    kinds = pa.array([kind for kind, _ in known], pa.string()).take(endings.indices)
    skips = pa.array([skip for _, skip in known], pa.string()).take(endings.indices)
    dotless = pa.array(["." not in text[1:] for text in texts], pa.bool_()).take(endings.indices)
    if not pc.any(dotless).as_py():
        return kinds, skips
    rest = [of_key(text) for text in key.filter(dotless).to_pylist()]  # long extensions, or none
    return (
        pc.replace_with_mask(kinds, dotless, pa.array([kind for kind, _ in rest], pa.string())),
        pc.replace_with_mask(skips, dotless, pa.array([skip for _, skip in rest], pa.string())),
    )


def _modified(table: pa.Table, count: int) -> pa.Array:
    kind = ROW_SCHEMA.field("modified").type
    if "lastmodifieddate" not in table.column_names:
        return pa.nulls(count, kind)
    column = _flat(table.column("lastmodifieddate"))
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        column = pc.assume_timezone(column, "UTC")
    if pa.types.is_string(column.type):
        column = _blank_to_null(column)
    try:
        return column.cast(kind, safe=False)
    except pa.ArrowInvalid:  # a server with a time format of its own: the column is only for people
        return pa.nulls(count, kind)
