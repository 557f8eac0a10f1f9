"""How fast the bundled models look at pictures before AWS does (`--first local`), and what they miss on real photos.

    python -m benchmarks.first_stage [--megapixels 12] [--pictures 20] [--photos 14]

CPU seconds of all that takes part: the asking process as a worker asks, the emulator's server, one model process; they
mind other work on the machine little. The pictures are the emulator's photos, enlarged, each another one. What is
missed is told by what a person sees on the same photos (tests/emulator/truth.json), at their size and smaller: AWS's
own answers only a pilot has (`rekscan estimate SOURCE --first local --when ... --pilot N`).
"""

import argparse
import asyncio
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

from PIL import Image

from benchmarks.running import cpu_seconds, environment, table
from emulator.photos import PHOTOS, photo
from jobs.apis import Choice, Request, local_catalogue
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.lean.methods import methods
from jobs.conditions import holds, parse
from jobs.intervals import wilson
from jobs.items import Item
from rekscan.testing import Emulator, emulator
from tests.emulator.quality import TRUTH
from tests.emulator.test_life import children
from tests.support.waiting import until

NAMES = [name for names in PHOTOS.values() for name in names]
SMALLER = (1, 2, 4)  # the sides of real photos are divided by
# What a person says is on a photo, and the condition that should see it.
SEEN = {
    "a face": ("local.faces has any", {name for name, boxes in TRUTH["faces"].items() if boxes}),
    "a person": ("local.labels has Person", {name for name, right in TRUTH["labels"].items() if "Person" in right}),
    "nothing explicit": ("local.nudity has any >= 5", set[str]()),
}
ITEM = Item(0, "/photo.jpg", "image")


class Models:
    """One model process, asked as a worker asks."""

    def __init__(self, running: Emulator, loop: asyncio.AbstractEventLoop) -> None:
        self._method = methods(clients.rekognition(Aws("us-east-1", rekognition_url=running.url)))
        self._loop = loop
        self._pids = [running.process.pid, *until(lambda: children(running.process.pid), "the models run")]

    def look(self, api: str, data: bytes) -> Mapping[str, Any]:
        entry = local_catalogue()[api]
        request = Request((Choice(entry, {param.name: param.default for param in entry.params}),))
        asked = self._method(request.operation)(**request.arguments({"Bytes": data}, ITEM))
        return self._loop.run_until_complete(asked)

    def spent(self) -> float:
        """CPU seconds so far."""
        return time.process_time() + sum(map(cpu_seconds, self._pids))


def pictures(megapixels: float) -> Iterator[bytes]:
    """JPEGs of that size, no two alike."""
    for number, name in enumerate(cycle(NAMES)):
        with Image.open(io.BytesIO(photo(name))) as image:
            scale = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
            shown = image.convert("RGB").resize((round(image.width * scale), round(image.height * scale)))
        shown.putpixel((number % shown.width, 0), (number % 256, 0, 0))
        yield jpeg(shown)


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def seconds(models: Models, apis: Sequence[str], data: Sequence[bytes]) -> float:
    """CPU seconds of a picture that all these look at."""
    before = models.spent()
    for one in data:
        for api in apis:
            models.look(api, one)
    return (models.spent() - before) / len(data)


def speed(models: Models, megapixels: float, count: int) -> None:
    """Each alone, and all on the same pictures."""
    stream, rows = pictures(megapixels), []
    models.look("local.text", next(stream))  # loads what is loaded late
    for apis in [*([api] for api in local_catalogue()), list(local_catalogue())]:
        each = seconds(models, apis, list(islice(stream, count)))
        rows.append([", ".join(apis), f"{1000 * each:.0f}", f"{1 / each:.1f}"])
    print(table(["asked", "CPU ms a picture", "images/s a core"], rows))


def misses(models: Models, names: Sequence[str]) -> None:
    """Photos on which a person sees something and a condition does not, and the other way round."""
    rows = []
    for what, (condition, right) in SEEN.items():
        api = condition.partition(" ")[0]
        for by in SMALLER:
            held = {name: bool(holds(parse(condition), {api: models.look(api, reduced(name, by))})) for name in names}
            there = [name for name in names if name in right]
            missed = [name for name in there if not held[name]]
            beyond = sum(held[name] for name in names if name not in right)
            of = "" if not there else f"{len(missed)} of {len(there)} ({interval(len(missed), len(there))})"
            rows.append([what, condition, f"1/{by}", of, f"{beyond} of {len(names) - len(there)}"])
    print(table(["on the photo", "condition", "size", "missed", "held without it"], rows))


def reduced(name: str, by: int) -> bytes:
    with Image.open(io.BytesIO(photo(name))) as image:
        return jpeg(image.convert("RGB").resize((max(80, image.width // by), max(80, image.height // by))))


def interval(missed: int, of: int) -> str:
    found = wilson(missed, of)
    return f"{100 * found.low:.0f} to {100 * found.high:.0f} % by 95 %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--pictures", type=int, default=20, help="that each looks at; 0: the misses alone")
    parser.add_argument("--photos", type=int, default=len(NAMES), help="real ones, for what is missed")
    given = parser.parse_args()
    loop = asyncio.new_event_loop()
    with emulator("--workers", "1") as running:
        models = Models(running, loop)
        if given.pictures:
            speed(models, given.megapixels, given.pictures)
            print()
        misses(models, NAMES[: given.photos])
    print(f"\n{environment()}; pictures of {given.megapixels:g} megapixels")


if __name__ == "__main__":
    main()
