"""What was read from files, and what was made of it, in memory: the machine asks for each many times.

Rules: a file is read the first time, and again when another one has its name. What these very bytes were made of, or
came to before, is not decoded again, but for runs that say so (`forget`).
"""

import os
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import costs
from jobs.costs import Costs, Tallies
from jobs.files import Files, read_table
from jobs.folder import JobFolder, JobSpec, ShardParts, facts, half_written, parts
from jobs.items import Item
from jobs.outcomes import RESULT_SCHEMA
from tests.machine.threads import outside

_Found = TypeVar("_Found")
_read_part, _table, _items, _spec = parts.read_part, read_table, JobFolder.items, JobSpec.from_json
_set_aside = half_written._set_aside
_facts, _tally, _shard_tally, _reckon = facts.facts, costs.tally, costs.shard_tally, costs.reckon
_kept: dict[Hashable, Any] = {}
_written: dict[bytes, pa.Table] = {}
_manifests: dict[Hashable, list[Item]] = {}


class _Decoding:
    every = False  # file that is read


def forget(*, decode: bool = False) -> None:
    """A run begins. `decode`: all that it reads."""
    _kept.clear()
    _written.clear()
    _Decoding.every = decode


def once(what: Hashable, paths: Iterable[str], work: Callable[[], _Found]) -> _Found:
    """What `work` makes of these files, made once as long as they are the same."""
    asked = (what, *map(_identity, paths))
    if asked not in _kept:
        _kept[asked] = work()
    found: _Found = _kept[asked]
    return found


def _identity(path: str) -> Hashable:
    found = os.stat(path)  # noqa: PTH116  asked a hundred times a run
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def read_part(files: Files, path: str, columns: Collection[str] = RESULT_SCHEMA.names, **_: Any) -> pa.Table:
    """jobs.folder.parts.read_part."""
    whole = once("part", [path], lambda: _part(files, path))
    return whole.select([name for name in RESULT_SCHEMA.names if name in columns])


def _part(files: Files, path: str) -> pa.Table:
    table = None if _Decoding.every else _written.get(Path(path).read_bytes())
    return _read_part(files, path, use_threads=False) if table is None else table


def write_table(table: pa.Table, where: Any, **_: Any) -> None:
    """pyarrow.parquet.write_table, of a handful of rows."""
    pq.write_table(table, where, compression="none", use_dictionary=False, write_statistics=False)
    _written[where.getvalue()] = table.replace_schema_metadata(None)


def merged(
    folder: JobFolder, of: ShardParts, *, retry: int | None = None, columns: Collection[str] = RESULT_SCHEMA.names
) -> pa.Table:
    """jobs.folder.facts.facts."""
    return once(("facts", retry, *columns), of.names, lambda: _facts(folder, of, retry=retry, columns=columns))


def items(folder: JobFolder, shard: int) -> list[Item]:
    """JobFolder.items"""
    paths = [f"{folder.root}/manifest/part-{part:05d}.parquet" for part in range(folder.spec.manifest_parts)]
    return once(("items", shard), paths, lambda: _items_of(folder, shard, paths)).copy()


def _items_of(folder: JobFolder, shard: int, paths: Iterable[str]) -> list[Item]:
    """Jobs differ, and few of their manifests do."""
    asked = (folder.spec.items, folder.spec.shard_size, shard, *(Path(path).read_bytes() for path in paths))
    if asked not in _manifests or _Decoding.every:
        _manifests[asked] = _items(folder, shard)
    return _manifests[asked]


def table(files: Files, path: str, **options: Any) -> pa.Table:
    """jobs.files.read_table"""
    return once(("table", str(options)), [path], lambda: _table(files, path, **options))


def spec(data: bytes, job: str) -> JobSpec:
    """JobSpec.from_json"""
    return once(("spec", data, job), (), lambda: _spec(data, job))


def reckon(of: JobSpec, tallies: Tallies | Mapping[str, int], **options: Any) -> Costs:
    """jobs.costs.reckon"""
    if options or not isinstance(tallies, Tallies):
        return _reckon(of, tallies, **options)
    return once(("costs", id(of), frozenset(tallies.rows.items())), (), lambda: (of, _reckon(of, tallies)))[1]


def set_aside(folder: JobFolder, paths: Iterable[str]) -> bool:
    """jobs.folder.half_written._set_aside: whether any of them was torn"""
    torn = [once("torn", [path], lambda: _set_aside(folder, [path])) for path in paths]  # noqa: B023
    return any(torn)


def shard_tally(folder: JobFolder, of: ShardParts) -> Tallies:
    """jobs.costs.shard_tally"""
    return once("shard tally", of.names, lambda: _shard_tally(folder, of))


def tally(folder: JobFolder) -> Tallies:
    """jobs.costs.tally."""
    paths = [path for of in folder.shard_parts().values() for path in of.names]
    found = once("tally", paths, lambda: outside(lambda: _tally(folder)))
    return Tallies(dict(found.rows), found.last)
