"""Pictures of films at the moments the page shows.

Rule: as with the gallery's pictures (thumbnails.py), whatever is wrong with one leaves its place empty, with the
reason.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from jobs.items import Item
from jobs.media.check import Skip
from jobs.video.stills import Stills
from reports.facts.values import Films, Still, Strip
from reports.views.thumbnails import SIDE, laid_out

PROCESSES = 2


def add_stills(films: Films, items: Mapping[int, Item], folder: Path, href: str) -> Films:
    """The films with their pictures in `folder`, which the page knows as `href`."""
    with Stills(PROCESSES, SIDE) as stills, ThreadPoolExecutor(PROCESSES, "stills") as threads:

        def picture(strip: Strip, still: Still) -> Still:
            taken = stills.take(items[strip.item_id], still.at_ms)
            if isinstance(taken, Skip):
                return replace(still, missing=taken.message)
            file = folder / f"film-{strip.item_id}-{still.at_ms}.jpg"
            file.write_bytes(taken.data)
            wide, high = laid_out(taken)
            return replace(still, thumbnail=f"{href}/{file.name}", width=wide, height=high)

        waiting = [[threads.submit(picture, strip, still) for still in strip.stills] for strip in films.strips]
        taken = [tuple(one.result() for one in several) for several in waiting]
    strips = [replace(strip, stills=stills) for strip, stills in zip(films.strips, taken, strict=True)]
    return replace(films, strips=tuple(strips))
