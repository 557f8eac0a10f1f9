"""Frames of a job are taken in runs: one question for those that stand together, the next run meanwhile."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from jobs.items import Item
from jobs.media.check import Skip
from jobs.uris import frame_uri
from jobs.video.frames import FilmFrames, Run, new_pool
from tests.support.films import film, number_on, numbered
from tests.support.waiting import until
from workers.shards.job_frames import JobFrames, new_runs, runs_of

FRAMES = 40


class Counted(FilmFrames):
    """Remembers what it was asked."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[list[int]] = []

    def run(self, film: Item, moments: Any) -> Run | Skip:
        self.asked.append(list(moments))
        return super().run(film, moments)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    path = tmp_path / "film.mp4"
    path.write_bytes(film(rate=10, frames=FRAMES, side=(128, 96), pictures=numbered(FRAMES)))
    rows = [Item(0, str(path), "video", skip="as-frames")]
    return rows + [Item(1 + n, frame_uri(str(path), 100 * n), "frame") for n in range(FRAMES)]


@pytest.fixture
def films() -> Iterator[Counted]:
    with new_pool(2) as pool:
        yield Counted(pool, lambda: None)


def job(items: list[Item], films: FilmFrames, threads: ThreadPoolExecutor) -> JobFrames:
    folder: Any = SimpleNamespace(where="job", spec=SimpleNamespace(shard_size=100), items=lambda shard: items)
    return JobFrames(folder, films, new_runs(50_000_000), threads)


def test_each_frame_is_taken_once_whoever_asks_and_in_whatever_order(items: list[Item], films: Counted) -> None:
    with ThreadPoolExecutor(1) as ahead, ThreadPoolExecutor(16) as threads:
        frames = job(items, films, ahead)
        twice = [*items[1:], *reversed(items[1:])]
        loaded = list(threads.map(frames.load, twice))
    numbers = [number_on(Image.open(io.BytesIO(one.data or b""))) for one in loaded if not isinstance(one, Skip)]
    assert numbers == [*range(FRAMES), *reversed(range(FRAMES))]
    assert sorted(films.asked) == [[100 * n for n in range(start, min(start + 16, FRAMES))] for start in (0, 16, 32)]


def test_while_a_run_is_asked_about_the_next_is_taken_and_no_more(items: list[Item], films: Counted) -> None:
    with ThreadPoolExecutor(1) as ahead:
        job(items, films, ahead).load(items[1])
        until(lambda: len(films.asked) == 2, "the next run is taken")
    assert sorted(asked[0] for asked in films.asked) == [0, 1600]


def test_frames_that_are_left_out_are_in_no_run(items: list[Item]) -> None:
    left = [item if item.item_id % 2 else Item(item.item_id, item.uri, item.kind, skip="near") for item in items]
    assert [[item.item_id for item in run] for run in runs_of(left)] == [[*range(1, 33, 2)], [*range(33, 41, 2)]]
