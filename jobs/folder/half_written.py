"""Parts that a power cut or a lying disk left half-written: told by their footer, and put aside.

Rule: nothing is deleted. What was in such a part was paid for, so its calls are asked again as maybe billed
(workers/shards/shard.py). On S3 there is none: a PUT is whole or nothing.
"""

import logging
import re

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.files import Entry
from jobs.folder.folder import JobFolder

log = logging.getLogger(__name__)

_ASIDE = ".torn"  # behind the name: no reader takes it for a part


def set_aside(folder: JobFolder, shard: int | None = None) -> None:
    """Put the torn parts of a shard aside, or those of all shards."""
    for entry in _parts(folder, shard, ""):
        try:
            with folder.files.open(entry.path) as file:
                pq.read_metadata(file)
        except pa.ArrowInvalid as error:
            log.warning("%s is half-written (%s); it is put aside and its calls are asked again", entry.path, error)
            folder.files.rename(entry.path, entry.name + _ASIDE)


def was_torn(folder: JobFolder, shard: int, *, retry: int = 0) -> bool:
    """Whether a part of this shard (of this retry) was put aside."""
    suffix = f"-r{retry:03d}" if retry else ""
    name = f"shard-{shard:06d}{suffix}.parquet{_ASIDE}"
    partial = f"shard-{shard:06d}-part"
    found = (entry.name for entry in _parts(folder, shard, _ASIDE))
    return any(each == name or (not retry and each.startswith(partial)) for each in found)


def _parts(folder: JobFolder, shard: int | None, suffix: str) -> list[Entry]:
    if not folder.files.on_disk:
        return []
    which = r"\d+" if shard is None else f"{shard:06d}"
    name = re.compile(rf"shard-{which}(-.*)?\.parquet{re.escape(suffix)}")
    return [entry for entry in folder.entries("results") if name.fullmatch(entry.name)]
