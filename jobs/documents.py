"""Documents: typed records that a job home keeps as JSON, each with the number of the format it is written in.

Rule: what a reader does not know it ignores, what it misses has a default, and a document of a newer format is refused
before anything is done with it. One module writes and reads a kind of document; docs/job-folder.md describes them all.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from jobs.errors import RekscanError

FORMAT = 2  # of what this version writes; 1 is what says nothing of a format
CONDITIONS = 3  # of a job with conditions or --near, of which earlier readers would ask everything
FIRST = 4  # of a job that asks the bundled models first, of which earlier readers know no answer
PLACES = 5  # of a job that asks at several places, of which earlier readers would ask at one and price it so
NEWEST = 5  # that this version reads
FIELD = "format"  # in a JSON document
KEY = b"rekscan.format"  # in the metadata of a Parquet file
STAMP = {KEY: str(FORMAT).encode()}  # what this version's Parquet files say of themselves

Record = TypeVar("Record")


class NewerFormat(RekscanError):
    """A document that only a later version can read."""

    def __init__(self, what: str, found: int) -> None:
        super().__init__(
            f"{what} was written by a newer rekscan (format {found}; this one reads up to {NEWEST})",
            "Upgrade rekscan on this machine. Nothing was touched.",
        )


def dump(record: object, *, format: int = FORMAT, **derived: object) -> bytes:
    """A record as the document it is kept as. `derived`: what readers of the file may want, and nobody reads back."""
    return pack({**to_json(record), **derived}, format)


def load(kind: type[Record], data: bytes, what: str) -> Record:
    """The record in a document. `what`: the document as a message names it.

    Raises NewerFormat, or RekscanError where it is none.
    """
    document = unpack(data, what)
    try:
        record: Record = _adapter(kind).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise _unreadable(what, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return record


def to_json(record: object) -> dict[str, Any]:
    """A record as JSON has it, without the format: what `--json` prints."""
    found: dict[str, Any] = _adapter(type(record)).dump_python(record, mode="json")
    return found


def pack(fields: Mapping[str, Any], format: int = FORMAT) -> bytes:
    """The document of these fields."""
    return orjson.dumps({FIELD: format, **fields}, option=orjson.OPT_INDENT_2)


def unpack(data: bytes, what: str) -> dict[str, Any]:
    """The fields of a document. Raises as `load`."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _unreadable(what, str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable(what, "it is no JSON object")
    _check(document.pop(FIELD, 1), what)
    return document


def check_file(metadata: Mapping[bytes, bytes] | None, what: str) -> None:
    """Refuse a Parquet file of a newer format, by the metadata of its footer or schema. Raises as `load`."""
    stamp = (metadata or {}).get(KEY, b"1")
    _check(int(stamp) if stamp.isdigit() else stamp, what)


def _check(found: object, what: str) -> None:
    if type(found) is not int or found < 1:
        raise _unreadable(what, f"{found!r} is no format")
    if found > NEWEST:
        raise NewerFormat(what, found)


def _unreadable(what: str, why: str) -> RekscanError:
    return RekscanError(f"{what} cannot be read: {why}", "It is damaged, or was edited by hand.")


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)  # made when it is first needed: it takes some milliseconds
    return _adapters[kind]


_adapters: dict[type, TypeAdapter[Any]] = {}
