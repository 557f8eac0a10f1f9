"""Pictures of the gallery: fetched, put upright, made small.

Rule: a picture's bytes are hostile and are decoded in disposable child processes only; whatever is wrong with one
leaves its place in the gallery empty, with the reason.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from jobs.apis.base import Limits
from jobs.codes import Code
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.media.check import MENDABLE, Skip
from jobs.media.fitted import Fitted
from jobs.media.origins import Loaded, load_local
from jobs.media.pool import DecoderPool
from jobs.uris import is_local
from reports.facts.values import Gallery, Shot

SIDE = 512  # pixels of the longer side
SHOWN = 280  # the same, as the page lays it out before a picture is enlarged
LIMITS = Limits(max_bytes=120_000, min_side=1, max_side=SIDE)
THREADS = 4

Fetch = Callable[[Item], Loaded | Skip]  # an item on S3 or the web -> its whole content


def items_of(folder: JobFolder, numbers: Iterable[int]) -> dict[int, Item]:
    """The manifest's rows of these items."""
    wanted = set(numbers)
    shards = sorted({number // folder.spec.shard_size for number in wanted})
    return {item.item_id: item for shard in shards for item in folder.items(shard) if item.item_id in wanted}


def add_thumbnails(
    gallery: Gallery,
    items: Mapping[int, Item],
    folder: Path,
    href: str,
    fetch: Fetch | None = None,
    limits: Limits = LIMITS,
) -> Gallery:
    """The gallery with its pictures in `folder`, which the page knows as `href`.

    `fetch` gets items that are not local files; without it they stay without a picture. Frames of films are left as
    they are (stills.py).
    """
    fetched: list[int] = []  # bytes of each request; appending is safe from several threads

    def load(item: Item) -> Loaded | Skip:
        if is_local(item.uri):
            return load_local(item)
        if fetch is None:
            return Skip(Code.NOT_FETCHED, "not fetched for this report")
        loaded = fetch(item)
        fetched.append(loaded.weight if isinstance(loaded, Loaded) else 0)
        return loaded

    def pictured(shot: Shot) -> Shot:
        if shot.kind == "frame":
            return shot
        return _picture(shot, load(items[shot.item_id]), folder, href, pool, limits)

    with DecoderPool(2) as pool, ThreadPoolExecutor(THREADS, "thumbnails") as threads:
        shots = threads.map(pictured, gallery.shots)
        return replace(gallery, shots=tuple(shots), fetched=len(fetched), fetched_bytes=sum(fetched))


def _picture(shot: Shot, loaded: Loaded | Skip, folder: Path, href: str, pool: DecoderPool, limits: Limits) -> Shot:
    if isinstance(loaded, Skip):
        return replace(shot, missing=loaded.message)
    name = loaded.header.format
    if name not in MENDABLE or loaded.data is None:
        return replace(shot, missing="not a picture that can be shown")
    small = pool.mend(loaded.data, name, limits)
    if isinstance(small, Skip):
        return replace(shot, missing=small.message)
    file = folder / f"{shot.item_id}.{'jpg' if small.format == 'jpeg' else small.format}"
    file.write_bytes(small.data)
    wide, high = laid_out(small)
    return replace(shot, thumbnail=f"{href}/{file.name}", width=wide, height=high)


def laid_out(small: Fitted) -> tuple[int, int]:
    """CSS pixels of a picture on the page."""
    scale = min(1.0, SHOWN / max(small.width, small.height))
    return max(1, round(small.width * scale)), max(1, round(small.height * scale))
