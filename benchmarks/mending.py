"""CPU seconds to shrink a large photo to what a request takes, beside OpenCV decoding, shrinking and encoding it once.

    python -m benchmarks.mending [--megapixels 50] [--rounds 3]

The photo is made of the emulator's own, with grain; OpenCV is told the size that we found. The best round counts.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageChops

import emulator
from benchmarks.running import environment, table
from jobs.media.fit import mend
from jobs.media.fitted import FitBounds

PHOTOS = ("coffee", "raccoon", "astronaut", "temple", "dahlia")
TILE = (1104, 800)
GRAIN = 8  # standard deviation, of 255
FULL = 5_242_880 / 50  # bytes a request may have, for each megapixel of the photo: AWS's limit at 50


def photo(megapixels: float) -> bytes:
    """A JPEG of quality 92, 3:2."""
    width, height = round((megapixels * 1.5e6) ** 0.5), round((megapixels / 1.5 * 1e6) ** 0.5)
    places = [(left, top) for top in range(0, height, TILE[1]) for left in range(0, width, TILE[0])]
    shipped = [_tile(name) for name in PHOTOS]
    image = Image.new("RGB", (width, height))
    for number, place in enumerate(places):
        image.paste(shipped[number % len(shipped)], place)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _tile(name: str) -> Image.Image:
    grain = Image.effect_noise(TILE, GRAIN)
    with Image.open(Path(emulator.__file__).with_name("photos") / f"{name}.jpg") as image:
        shown = image.convert("RGB").resize(TILE)
    return ImageChops.add(shown, Image.merge("RGB", (grain, grain, grain)), 1, -128)


def one_pass(data: bytes, size: tuple[int, int]) -> int:
    """Bytes."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return len(cv2.imencode(".jpg", shrunk, [cv2.IMWRITE_JPEG_QUALITY, 75])[1])


def best(work: Callable[[], object], rounds: int) -> float:
    """Seconds of CPU."""
    spent = []
    for _ in range(rounds):
        before = time.process_time()
        work()
        spent.append(time.process_time() - before)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    data = photo(given.megapixels)
    bounds = FitBounds(round(FULL * given.megapixels), 80, None)
    found = mend(data, "jpeg", bounds)
    ours = best(lambda: mend(data, "jpeg", bounds), given.rounds)
    theirs = best(lambda: one_pass(data, (found.width, found.height)), given.rounds)
    print(environment())
    print(f"{given.megapixels:g} megapixels, {len(data):,} bytes; {found.fit}, {len(found.data):,} bytes\n")
    rows = [["rekscan", f"{ours:.2f}", f"{ours / theirs:.2f}"], ["OpenCV, one pass", f"{theirs:.2f}", "1.00"]]
    print(table(["", "CPU s", "ratio"], rows))


if __name__ == "__main__":
    main()
