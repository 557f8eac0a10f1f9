"""Jobs of films: one whose every box and moment is known (from 2 s to 4 s a red rectangle lies where the answers say),
and one of six hours."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.synthetic_films import film_item, make_films, page
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from tests.support.films import film

APIS = ("video-labels", "video-moderation", "video-faces", "video-text", "video-segments")
MARK = {"Left": 0.25, "Top": 0.125, "Width": 0.5, "Height": 0.25}
SIDE = (480, 320)
MS = 6_000
HOSTILE = '<img src=x onerror="alert(4)">.mp4'


def draw_films(where: Path, count: int = 2) -> JobFolder:
    """Films in `where/films`, a job over them, and over one that is gone, in `where/jobs`."""
    folder = where / "films"
    folder.mkdir(parents=True)
    names = (HOSTILE, *(f"film {n} é.mp4" for n in range(1, count)))
    for name in names:
        (folder / name).write_bytes(_film())
    (folder / "gone.mp4")
    items = [
        replace(film_item(n, MS / 60_000, str(folder / name)), size=1) for n, name in enumerate((*names, "gone.mp4"))
    ]
    return make_films(where / "jobs", items, APIS, _pages)


def draw_six_hours(where: Path, findings: int = 100_000, names: int = 300) -> JobFolder:
    """A job over one film, in which so many labels of so many long names were seen at any moment."""
    label_names = [f"Label {n} " + "n" * 100 for n in range(names)]

    def label(at: int, draw: random.Random) -> dict[str, Any]:
        return {"Timestamp": at, "Label": {"Name": draw.choice(label_names), "Confidence": draw.uniform(50, 100)}}

    def pages(film: FilmItem, api: str) -> Iterator[dict[str, Any]]:
        draw = random.Random(api)
        moments = sorted(draw.randrange(film.length_ms or 0) for _ in range(findings))
        for start in range(0, len(moments), 1000):
            yield page(film, Labels=[label(at, draw) for at in moments[start : start + 1000]])

    return make_films(where, [film_item(0, 6 * 60)], ["video-labels"], pages)


def _film() -> bytes:
    gray = np.full((SIDE[1], SIDE[0], 3), 120, np.uint8)
    red = gray.copy()
    left, top = round(MARK["Left"] * SIDE[0]), round(MARK["Top"] * SIDE[1])
    red[top : top + round(MARK["Height"] * SIDE[1]), left : left + round(MARK["Width"] * SIDE[0])] = (20, 20, 220)
    return film(rate=10, pictures=chain(repeat(gray, 20), repeat(red, 20), repeat(gray, 20)), frames=60, side=SIDE)


def _pages(film: FilmItem, api: str) -> Iterator[dict[str, Any]]:
    yield page(film, **{"video-labels": _labels, "video-segments": _segments}.get(api, dict)())


def _labels() -> dict[str, Any]:
    mark = {"Name": "Red Rectangle", "Confidence": 99.5, "Instances": [{"BoundingBox": MARK, "Confidence": 99.4}]}
    seen = [{"Timestamp": at, "Label": {"Name": "Wall", "Confidence": 80.0}} for at in range(0, MS, 500)]
    return {"Labels": seen + [{"Timestamp": at, "Label": mark} for at in range(2000, 4000, 500)]}


def _segments() -> dict[str, Any]:
    spans = ((0, 2000), (2000, 4000), (4000, 6000))
    return {
        "Segments": [
            {"Type": "SHOT", "StartTimestampMillis": start, "EndTimestampMillis": end,
             "ShotSegment": {"Index": number, "Confidence": 99.0}}
            for number, (start, end) in enumerate(spans)
        ]
    }  # fmt: skip
