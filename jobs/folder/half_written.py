"""Parts that a power cut or a lying disk left half-written: told by their footer, and put aside.

Rule: nothing is deleted. What was in such a part was paid for, so its calls are asked again as maybe billed
(workers/shards/shard.py). On S3 there is none: a PUT is whole or nothing.
"""

import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.folder.folder import JobFolder

log = logging.getLogger(__name__)

_ASIDE = ".torn"  # behind the name: no reader takes it for a part


def set_aside(folder: JobFolder, shard: int | None = None) -> None:
    """Put the torn parts of a shard aside, or those of all shards."""
    for path in _parts(folder, shard, ""):
        try:
            pq.read_metadata(path)
        except pa.ArrowInvalid as error:
            log.warning("%s is half-written (%s); it is put aside and its calls are asked again", path, error)
            path.replace(path.with_name(path.name + _ASIDE))


def was_torn(folder: JobFolder, shard: int, *, retry: int = 0) -> bool:
    """Whether a part of this shard (of this retry) was put aside."""
    suffix = f"-r{retry:03d}" if retry else ""
    name = f"shard-{shard:06d}{suffix}.parquet{_ASIDE}"
    partial = f"shard-{shard:06d}-part"
    found = (path.name for path in _parts(folder, shard, _ASIDE))
    return any(each == name or (not retry and each.startswith(partial)) for each in found)


def _parts(folder: JobFolder, shard: int | None, suffix: str) -> list[Path]:
    if folder.local is None:
        return []
    which = "*" if shard is None else f"{shard:06d}*"
    return sorted((folder.local / "results").glob(f"shard-{which}.parquet{suffix}"))
