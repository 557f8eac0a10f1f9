"""Parts that a power cut or a lying disk left half-written: recognised by their footer, and renamed.

Rule: nothing is deleted. What was in such a part was paid for, so its calls are asked again as maybe billed
(jobs/folder/facts.py). On S3 there is none: a PUT is whole or nothing.
"""

import logging
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.folder import video_pages
from jobs.folder.folder import JobFolder
from jobs.folder.part_names import ShardParts
from jobs.folder.video_pages import PagesName

log = logging.getLogger(__name__)

_ASIDE = ".torn"  # behind the name: no reader takes it for a part that it can read


def set_aside(folder: JobFolder, shard: int) -> ShardParts:
    """Put the torn parts of a shard aside; its parts after."""
    parts = folder.parts_of(shard)
    return folder.parts_of(shard) if _set_aside(folder, parts.files) else parts


def set_all_aside(folder: JobFolder) -> dict[int, ShardParts]:
    """Put the torn parts of all shards aside; shard -> its parts after."""
    parts = folder.shard_parts()
    torn = _set_aside(folder, [path for one in parts.values() for path in one.files])
    return folder.shard_parts() if torn else parts


def set_pages_aside(folder: JobFolder, api: str) -> dict[int, PagesName]:
    """Put the torn answers of a video API aside; item -> the one that counts after. What is gone is read again at AWS,
    for nothing."""
    names = video_pages.newest_pages(folder, api)
    torn = _set_aside(folder, [f"{folder.root}/{name.path}" for name in names.values()])
    return video_pages.newest_pages(folder, api) if torn else names


def _set_aside(folder: JobFolder, paths: Iterable[str]) -> bool:
    """Whether there was any."""
    found = False
    for path in paths if folder.files.on_disk else ():
        try:
            with folder.files.open(path) as file:
                pq.read_metadata(file)
        except pa.ArrowInvalid as error:
            log.warning("%s is half-written (%s); it is put aside and its calls are asked again", path, error)
            folder.files.rename(path, path.rpartition("/")[2] + _ASIDE)
            found = True
    return found
