"""Frames a second out of a film, beside a bare OpenCV loop over the same file in the same run.

    python -m benchmarks.frames [--seconds 60] [--rate 1/s] [--rounds 3]

Bare: one process opens the file, decodes every frame and writes the wanted ones as JPEG. Ours: `FilmFrames` as workers
have it, 16 frames a question, in a decoder process that is given the film in blocks; then the same by two threads with
two decoders. Rounds take turns, the best of each counts; CPU time is of the decoders too. Both give the same pictures.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from benchmarks.emulator.films import FPS, SIDE, scenes
from benchmarks.running import cpu_seconds, environment, table
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.plan.frame_rule import frame_rule
from jobs.video.frames import RUN, FilmFrames, new_pool
from tests.emulator.films import film

QUALITY = 90  # as jobs/video/frame_child.py
Pictures = list[str]  # SHA-256 of each


@dataclass(frozen=True, slots=True)
class Round:
    seconds: float
    cpu: float
    pictures: Pictures


def bare(path: Path, moments: Sequence[int]) -> Round:
    began, cpu = time.perf_counter(), time.process_time()
    capture: Any = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    wanted, found = iter(moments), []
    moment: float | None = next(wanted)
    while moment is not None and capture.grab():
        if capture.get(cv2.CAP_PROP_POS_MSEC) > moment - 1000 / FPS + 1:
            picture = capture.retrieve()[1]
            found.append(named(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()))
            moment = next(wanted, None)
    return Round(time.perf_counter() - began, time.process_time() - cpu, found)


def ours(path: Path, moments: Sequence[int], pool: DecoderPool, threads: int) -> Round:
    frames, item = FilmFrames(pool, lambda: None, scope=str(time.monotonic_ns())), Item(0, str(path), "video")
    runs = [moments[start : start + RUN] for start in range(0, len(moments), RUN)]

    def taken(run: Sequence[int]) -> Pictures:
        answer = frames.run(item, run)
        assert not isinstance(answer, Skip), answer
        return [named(one) for one in answer.pictures if isinstance(one, bytes)]

    began, cpu = time.perf_counter(), used(pool)
    with ThreadPoolExecutor(threads) as many:
        found = [one for pictures in many.map(taken, runs) for one in pictures]
    return Round(time.perf_counter() - began, used(pool) - cpu, found)


def used(pool: DecoderPool) -> float:
    return time.process_time() + sum(map(cpu_seconds, pool.pids))


def named(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of film")
    parser.add_argument("--rate", default="1/s", help="frames, as --frames has them")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    moments = list(frame_rule(given.rate).moments(given.seconds * 1000))
    best: dict[str, Round] = {}
    with tempfile.TemporaryDirectory() as folder, new_pool(1) as one, new_pool(2) as two:
        path = Path(folder) / "film.mp4"
        path.write_bytes(film(scenes(given.seconds * FPS), FPS, side=SIDE))
        ways: dict[str, Callable[[], Round]] = {
            "bare OpenCV": lambda: bare(path, moments),
            "FilmFrames, 1 decoder": lambda: ours(path, moments, one, 1),
            "FilmFrames, 2 decoders": lambda: ours(path, moments, two, 2),
        }
        ours(path, moments[:1], one, 1)  # a decoder starts in a second, once a process
        ours(path, moments, two, 2)
        for _ in range(given.rounds):
            for name, way in ways.items():
                found = way()
                best[name] = min(best.get(name, found), found, key=lambda one: one.seconds)
    alone = best["bare OpenCV"]
    assert len(alone.pictures) == len(moments)
    assert all(found.pictures == alone.pictures for found in best.values()), "other pictures than the bare loop's"
    print(environment())
    print(
        table(
            ["", "frames/s", "x film time", "ratio", "CPU s/min of film"],
            [
                [
                    name,
                    f"{len(moments) / found.seconds:.1f}",
                    f"{given.seconds / found.seconds:.0f}",
                    f"{alone.seconds / found.seconds:.2f}",
                    f"{found.cpu / given.seconds * 60:.2f}",
                ]
                for name, found in best.items()
            ],
        )
    )


if __name__ == "__main__":
    main()
