"""Pictures of films at the moments the page shows: along a film, and of frames that are items of their own.

Rule: as with the gallery's pictures (thumbnails.py), whatever is wrong with one leaves its place empty, with the
reason.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.uris import frame_of, is_local
from jobs.video.reading import Reads
from jobs.video.stills import Stills
from reports.facts.values import Films, Gallery, Shot, Still, Strip
from reports.views.thumbnails import SIDE, laid_out

PROCESSES = 2


def add_stills(
    films: Films,
    items: Mapping[int, Item],
    folder: Path,
    href: str,
    s3_client: Callable[[], Any] | None = None,
) -> Films:
    """The films with their pictures in `folder`, which the page knows as `href`. Without `s3_client` those on S3 have
    none."""
    on_s3 = not all(is_local(strip.uri) for strip in films.strips)
    with (
        Stills(PROCESSES, SIDE, s3_client if on_s3 else None) as stills,
        ThreadPoolExecutor(PROCESSES, "stills") as threads,
    ):

        def pictured(strip: Strip) -> tuple[Strip, Reads]:
            taken, reads = stills.take(items[strip.item_id], [still.at_ms for still in strip.stills])
            shown = (_shown(strip, still, one, folder, href) for still, one in zip(strip.stills, taken, strict=True))
            return replace(strip, stills=tuple(shown)), Reads() if is_local(strip.uri) else reads

        made = list(threads.map(pictured, films.strips))
    spent = sum((reads for _, reads in made), Reads())
    strips = tuple(strip for strip, _ in made)
    return replace(films, strips=strips, fetched=spent.count, fetched_bytes=spent.bytes)


def add_frames(
    gallery: Gallery,
    items: Mapping[int, Item],
    folder: Path,
    href: str,
    s3_client: Callable[[], Any] | None = None,
) -> Gallery:
    """The gallery with the pictures of those of its items that are frames of films; `folder`, ... as above."""
    wanted: dict[str, list[Shot]] = {}
    for shot in gallery.shots:
        if shot.kind == "frame":
            wanted.setdefault(shot.film, []).append(shot)
    if not wanted:
        return gallery
    on_s3 = not all(is_local(film) for film in wanted)
    with (
        Stills(PROCESSES, SIDE, s3_client if on_s3 else None) as stills,
        ThreadPoolExecutor(PROCESSES, "frames") as threads,
    ):

        def pictured(shots: list[Shot]) -> tuple[list[Shot], Reads]:
            first = items[shots[0].item_id]
            film = Item(first.item_id, frame_of(first.uri)[0], "video", None, first.etag, first.version)
            taken, reads = stills.take(film, [shot.at_ms for shot in shots])
            shown = [_framed(shot, one, folder, href) for shot, one in zip(shots, taken, strict=True)]
            return shown, Reads() if is_local(film.uri) else reads

        made = list(threads.map(pictured, wanted.values()))
    spent = sum((reads for _, reads in made), Reads())
    shown = {shot.item_id: shot for shots, _ in made for shot in shots}
    return replace(
        gallery,
        shots=tuple(shown.get(shot.item_id, shot) for shot in gallery.shots),
        fetched=gallery.fetched + spent.count,
        fetched_bytes=gallery.fetched_bytes + spent.bytes,
    )


def _framed(shot: Shot, taken: Fitted | Skip, folder: Path, href: str) -> Shot:
    if isinstance(taken, Skip):
        return replace(shot, missing=taken.message)
    file = folder / f"{shot.item_id}.jpg"
    file.write_bytes(taken.data)
    wide, high = laid_out(taken)
    return replace(shot, thumbnail=f"{href}/{file.name}", width=wide, height=high)


def _shown(strip: Strip, still: Still, taken: Fitted | Skip, folder: Path, href: str) -> Still:
    if isinstance(taken, Skip):
        return replace(still, missing=taken.message)
    file = folder / f"film-{strip.item_id}-{still.at_ms}.jpg"
    file.write_bytes(taken.data)
    wide, high = laid_out(taken)
    return replace(still, thumbnail=f"{href}/{file.name}", width=wide, height=high)
