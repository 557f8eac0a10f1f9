"""Pictures of the gallery: fetched, put upright, made small.

Rule: a picture's bytes are hostile and are decoded in disposable child processes only; whatever is wrong with one
leaves its place in the gallery empty, with the reason.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from jobs.apis.base import Limits
from jobs.media.check import MAX_SOURCE_BYTES, MENDABLE, Skip
from jobs.media.pool import DecoderPool
from jobs.media.sniff import sniff
from jobs.sources.uris import is_local, path_of
from reports.values import Gallery, Shot

SIDE = 512  # pixels of the longer side
SHOWN = 280  # the same, as the page lays it out before a picture is enlarged
LIMITS = Limits(max_bytes=120_000, min_side=1, max_side=SIDE)
HEAD = 4096
THREADS = 4

Fetch = Callable[[str], bytes]  # an s3:// or http(s) uri -> its bytes; raises whatever its client raises


def add_thumbnails(gallery: Gallery, folder: Path, fetch: Fetch | None, href: str) -> Gallery:
    """The gallery with its pictures in `folder`, which the page knows as `href`.

    `fetch` gets items that are not local files; without it they stay without a picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = Counter()
    with DecoderPool(2) as pool, ThreadPoolExecutor(THREADS, "thumbnails") as threads:
        shots = tuple(threads.map(lambda shot: _picture(shot, folder, fetch, href, pool, count), gallery.shots))
    return replace(gallery, shots=shots, fetched=len(count.sizes), fetched_bytes=sum(count.sizes))


class Counter:
    """Sizes of what was fetched. Appending is safe from several threads."""

    def __init__(self) -> None:
        self.sizes: list[int] = []


def _picture(shot: Shot, folder: Path, fetch: Fetch | None, href: str, pool: DecoderPool, count: Counter) -> Shot:
    if shot.kind != "image":
        return replace(shot, missing=f"a {shot.kind}")
    try:
        data = _read(shot.uri, fetch, count)
    except Exception as error:  # whatever a file system, S3 or a web server answers
        return replace(shot, missing=f"could not be fetched: {type(error).__name__}")
    if data is None:
        return replace(shot, missing="not fetched")
    name = sniff(data[:HEAD])
    if name not in MENDABLE:
        return replace(shot, missing="not a picture that can be shown")
    small = pool.mend(data, name, LIMITS)
    if isinstance(small, Skip):
        return replace(shot, missing=small.message)
    file = folder / f"{shot.item_id}.{'jpg' if small.format == 'jpeg' else small.format}"
    file.write_bytes(small.data)
    scale = min(1.0, SHOWN / max(small.width, small.height))
    wide, high = max(1, round(small.width * scale)), max(1, round(small.height * scale))
    return replace(shot, thumbnail=f"{href}/{file.name}", width=wide, height=high)


def _read(uri: str, fetch: Fetch | None, count: Counter) -> bytes | None:
    if is_local(uri):
        with open(path_of(uri), "rb") as file:  # noqa: PTH123  bytes path
            return file.read(MAX_SOURCE_BYTES)
    if fetch is None:
        return None
    data = fetch(uri)
    count.sizes.append(len(data))
    return data


def sources(shots: Iterable[Shot]) -> set[str]:
    """Schemes of what would be fetched: {"s3"} costs requests."""
    return {shot.uri.partition("://")[0] for shot in shots if not is_local(shot.uri)}
