"""What the emulator costs over the bare models for a film: CPU seconds a minute of film, by kind of job.

    python -m benchmarks.emulator.films [--seconds 20] [--kinds video-labels video-faces ...]

Prints Markdown, as docs/emulator-models.md has it. CPU time minds other work on the machine little. Bare: OpenCV
decodes every frame and the models look at two a second; for segments, every frame goes to HSV in small. The film is in
moto's S3.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.running import cpu_seconds
from emulator.engine.eyes import Eyes
from emulator.engine.images import picture_of
from emulator.operations.video import KINDS
from emulator.photos import photo
from emulator.videos.kind import Kind
from rekscan.testing import Emulator, emulator
from tests.emulator import strict
from tests.emulator.conftest import S3Server
from tests.emulator.films import film
from tests.emulator.test_life import children
from tests.support.waiting import until

FPS, SCENE = 24, 60  # frames a second, frames a scene
SIDE = (1280, 720)
NAMES = ("astronaut.jpg", "cat.jpg", "temple.jpg", "hopper.jpg", "coffee.jpg", "obama-speech.jpg", "rocket.jpg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, help="of film")
    parser.add_argument(
        "--kinds", nargs="*", default=[kind.short for kind in KINDS if kind.short != "video-face-search"]
    )
    given = parser.parse_args()
    kinds = [kind for kind in KINDS if kind.short in given.kinds]
    data = film(scenes(given.seconds * FPS), FPS, side=SIDE)
    minutes = given.seconds / 60
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        path.write_bytes(data)
        bare_ = {kind.short: bare(kind, path) / minutes for kind in kinds}
        served_ = {kind.short: used / minutes for kind, used in served(kinds, data, Path(folder))}
    print("| kind | bare | emulator | more |\n|---|---|---|---|")
    for name, alone in bare_.items():
        print(f"| {name} | {alone:.1f} | {served_[name]:.1f} | {100 * (served_[name] / alone - 1):.1f} % |")


def scenes(frames: int) -> Iterator[Any]:
    """Photos that fill the picture and drift to the side."""
    names, left, wide = cycle(NAMES), frames, SIDE[0] + 4 * SCENE
    while left > 0:
        picture = cv2.imdecode(np.frombuffer(photo(next(names)), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        large = cv2.resize(picture, (wide, max(SIDE[1], wide * picture.shape[0] // picture.shape[1])))
        top = (large.shape[0] - SIDE[1]) // 2
        for step in range(min(SCENE, left)):
            yield np.ascontiguousarray(large[top : top + SIDE[1], 4 * step : 4 * step + SIDE[0]])
        left -= SCENE


def bare(kind: Kind, path: Path) -> float:
    """CPU seconds of one thread that decodes the film and looks at it."""
    eyes, features = Eyes(), list(kind.features({}))
    eyes.warm()
    capture: Any = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    began = time.process_time()
    for number in range(10**9):
        if not capture.grab():
            break
        if features and number % (FPS // 2) == 0:
            eyes.see(picture_of(capture.retrieve()[1]), features)
        elif not features:
            _, pixels = capture.retrieve()
            cv2.cvtColor(cv2.resize(pixels, (160, 90), interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2HSV)
    return time.process_time() - began


def served(kinds: list[Kind], data: bytes, folder: Path) -> Iterator[tuple[Kind, float]]:
    """CPU seconds of the server and its model process from the Start to the last page."""
    s3 = S3Server(folder / "moto.log")
    try:
        s3.client().create_bucket(Bucket=s3.bucket)
        s3.client().put_object(Bucket=s3.bucket, Key="film.mp4", Body=data)
        with emulator("--workers", "1", "--s3-endpoint-url", s3.url) as running:
            client = strict.client(running.url)
            for kind in kinds:
                began = used(running)
                job = method(client, kind.start)(
                    Video={"S3Object": {"Bucket": s3.bucket, "Name": "film.mp4"}}, **NEEDS.get(kind.short, {})
                )["JobId"]
                read = method(client, kind.get)
                until(lambda: read(JobId=job)["JobStatus"] != "IN_PROGRESS", "the job is over", seconds=600)  # noqa: B023
                page = read(JobId=job)
                while "NextToken" in page:
                    page = read(JobId=job, NextToken=page["NextToken"])
                yield kind, used(running) - began
    finally:
        s3.process.terminate()
        s3.process.wait(10)


NEEDS: dict[str, Any] = {"video-segments": {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]}}


def method(client: Any, name: str) -> Any:
    return getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())


def used(running: Emulator) -> float:
    return sum(cpu_seconds(pid) for pid in (running.process.pid, *children(running.process.pid)))


if __name__ == "__main__":
    main()
