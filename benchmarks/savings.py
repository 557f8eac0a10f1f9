"""What each way to pay less saves and misses, on photos and bursts made of them: by the commands people type.

    python -m benchmarks.savings [--photos 14] [--shots 5] [--endpoint URL]

All pictures are asked about once, by the bundled emulator's models. What follows asks nothing more: the home knows all.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance, ImageFilter

from benchmarks.running import environment, table
from emulator.photos import PHOTOS, photo

APIS = "labels,faces,text,moderation"
DISTANCES = (2, 4, 8)
SAMPLE = 4  # of the pictures one in so many is drawn
REGIONS = "us-east-1,us-west-2"
CONDITIONS = {
    "faces": "faces: labels has Person >= 60",
    "text": "text: labels has any and not labels has Cat",
    "moderation": "moderation: labels has Person",
}
COPIES = 4  # of the photos one in so many lies there twice
HEADER = ["saving", "saves", "misses", "command"]
SHOTS: tuple[Callable[[Image.Image], Image.Image], ...] = (
    lambda image: ImageEnhance.Brightness(image).enhance(1.04),
    lambda image: _cut(image, 3, 2),
    lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),  # a hand that shook
    lambda image: _cut(ImageEnhance.Brightness(image).enhance(0.93), image.width // 40, image.height // 40),
    lambda image: image.rotate(1.5, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0))),
)


def make_archive(folder: Path, photos: int, shots: int) -> int:
    """Photos, each with a burst of so many shots more, of one size; some of them twice. How many pictures."""
    for number, name in enumerate([name for group in PHOTOS.values() for name in group][:photos]):
        with Image.open(io.BytesIO(photo(name))) as opened:
            first = opened.convert("RGB")
        for shot, change in enumerate((lambda image: image, *SHOTS[:shots])):
            change(first).save(folder / f"{number:02d}-{shot}.jpg", "JPEG", quality=92 - shot)
        if number % COPIES == 0:
            shutil.copy(folder / f"{number:02d}-0.jpg", folder / f"{number:02d}-copy.jpg")
    return len(list(folder.iterdir()))


def _cut(image: Image.Image, right: int, down: int) -> Image.Image:
    """A little aside, in the same size."""
    return image.crop((right, down, image.width, image.height)).resize(image.size)


class Commands:
    """`rekscan` in a home of its own. `where`: who answers."""

    def __init__(self, home: Path, archive: Path, where: list[str]) -> None:
        self._home, self._archive, self._where = home, archive, where

    def __call__(self, command: str, *words: str) -> Any:
        return self._run(*self._asked(command, *words), *self._where)

    def at_aws(self, *words: str) -> Any:
        """What AWS would cost, which nobody asks."""
        return self._run(*self._asked("estimate", "--again", *words))

    def costs(self) -> Any:
        return self._run("costs", "last")

    def _asked(self, *words: str) -> list[str]:
        return [words[0], str(self._archive), "--api", APIS, *words[1:]]

    def _run(self, *words: str) -> Any:
        line = [sys.executable, "-m", "rekscan", *words, "--json", "--home", str(self._home)]
        environment = {**os.environ, "AWS_REGION": "us-east-1"}
        done = subprocess.run(line, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(done.stdout)


def known(rekscan: Commands, pictures: int) -> Iterator[tuple[str, ...]]:
    """Copies, after the first scan; all of it, after another."""
    for what in ("copies asked once", "a second scan"):
        rekscan("scan", "--yes")
        calls = [line["calls"] for line in rekscan.costs()["lines"]]
        share = sum(one["known"] for one in calls) / sum(one["ok"] for one in calls)
        yield what, percent(share), "nothing: the answer is the same", "rekscan scan DIR --api ..."


def near(rekscan: Commands, pictures: int) -> Iterator[tuple[str, ...]]:
    """All pairs, as a pilot of twice as many images as there are draws them."""
    for bits in DISTANCES:
        command = ("--near", str(bits), "--pilot", str(2 * pictures))
        found = rekscan("estimate", *command, "--yes")["near"]
        pairs = found.get("pairs", {"apis": []})["apis"]
        missed = "; ".join(f"other {one['compared']} in {one['differ']} of {one['pairs']}" for one in pairs)
        share = percent(found["images"] / pictures)
        yield f"--near {bits}", share, missed or "nothing", f"rekscan estimate DIR --api ... {' '.join(command)}"


def cascade(rekscan: Commands, pictures: int) -> Iterator[tuple[str, ...]]:
    """Each condition by itself; what was found where it does not hold."""
    for api, when in CONDITIONS.items():
        (found,) = rekscan("estimate", "--when", when)["conditions"]
        missed = found["missed"]
        told = (
            f"{missed['missed']} of {missed['found']} rows" if missed and missed["found"] else "nothing there to miss"
        )
        saved = f"{percent(1 - found['share']['value'])} of {api}"
        yield f"--when '{when}'", saved, told, f"rekscan estimate DIR --api ... --when '{when}'"


def sample(rekscan: Commands, pictures: int) -> Iterator[tuple[str, ...]]:
    wanted = -(-pictures // SAMPLE)
    drawn = rekscan("scan", "--sample", str(wanted), "--dry-run")["items"]["images"]
    command = f"rekscan scan DIR --api ... --sample {wanted}"
    yield f"--sample {wanted}", percent(1 - drawn / pictures), f"the {pictures - drawn} pictures not drawn", command


def regions(rekscan: Commands, pictures: int) -> Iterator[tuple[str, ...]]:
    """Saves time alone, by the quotas that AWS gives at first."""
    one, both = rekscan.at_aws("--regions", REGIONS)["by_regions"]
    saved = f"{percent(1 - both['duration_s'] / one['duration_s'])} of the time, and no call"
    price = f"nothing; ${both['usd']} instead of ${one['usd']}"
    yield f"--regions {REGIONS}", saved, price, f"rekscan estimate DIR --api ... --regions {REGIONS}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=sum(map(len, PHOTOS.values())))
    parser.add_argument("--shots", type=int, default=len(SHOTS), help="of a burst, beside the photo itself")
    parser.add_argument("--endpoint", help="who answers, in place of the bundled emulator's models")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rks") as directory:
        archive = Path(directory) / "archive"
        archive.mkdir()
        pictures = make_archive(archive, given.photos, given.shots)
        where = ["--rekognition-endpoint-url", given.endpoint] if given.endpoint else ["--local"]
        rekscan = Commands(Path(directory) / "home", archive, where)
        rows = [list(row) for saving in (known, near, cascade, sample, regions) for row in saving(rekscan, pictures)]
    print(f"\n{pictures} pictures: {given.photos} photos, {given.shots} shots more of each, and copies; {APIS}")
    print(f"{environment()}\n")
    print(table(HEADER, rows))


if __name__ == "__main__":
    main()
