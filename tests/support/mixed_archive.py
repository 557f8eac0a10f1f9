"""A mixed archive, the same each time: people in bursts, landscapes one by one and in pairs, and files that are none.

Rule: who is on a picture stands in the comment of its JPEG and in its name, where the emulator's recorded answers are
told apart by it: `emulator(directory, first=people_are_seen)`.
"""

import io
import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

from PIL import Image

from emulator.engine.fixed import FixedEngine
from emulator.operations.base import Operation
from emulator.photos import photo
from tests.support.bursts import aside, lighter

PEOPLE, LANDSCAPE = "some-people", "landscape"
PARTY = ("astronaut.jpg", "biden.jpg", "hopper.jpg", "obama-portrait.jpg", "obama-speech.jpg")
VIEWS = ("cat.jpg", "coffee.jpg", "dahlia.jpg", "raccoon.jpg", "rocket.jpg", "temple.jpg")
BURST, PAIR = 6, 2
SIDE = (160, 120)
NOTHING = {"DetectLabels": b'{"Labels":[],"LabelModelVersion":"0.1"}', "DetectFaces": b'{"FaceDetails":[]}'}


def mixed_archive(number: int) -> dict[str, bytes]:
    """So many files by name. Of ten pictures six are people, of whom a burst and no other are; one file in fifty is no
    picture."""
    files = dict(islice(_shots(), number - number // 50))
    return files | {f"broken-{n:03d}.jpg": b"no picture %d" % n for n in range(number // 50)}


def _shots() -> Iterator[tuple[str, bytes]]:
    drawn = random.Random(1)
    shown = {name: _opened(name) for name in (*PARTY, *VIEWS)}
    scene = 0
    while True:
        for names, what, shots in ((PARTY, PEOPLE, BURST), (VIEWS, LANDSCAPE, PAIR), *[(VIEWS, LANDSCAPE, 1)] * 2):
            first = _part_of(shown[drawn.choice(names)], drawn)
            for shot in range(shots):
                changed = aside(lighter(first, 1 + shot / 200), 1 + shot % 2) if shot else first
                yield f"{scene:04d}-{shot}-{what}.jpg", _jpeg(changed, what)
            scene += 1


def _opened(name: str) -> Image.Image:
    with Image.open(io.BytesIO(photo(name))) as image:
        return image.convert("RGB")


def _part_of(whole: Image.Image, drawn: random.Random) -> Image.Image:
    """Any part, in any light, turned round or not."""
    width, height = (round(side * drawn.uniform(0.4, 0.9)) for side in whole.size)
    left, top = drawn.randint(0, whole.width - width), drawn.randint(0, whole.height - height)
    part = whole.resize(SIDE, Image.Resampling.BILINEAR, (left, top, left + width, top + height))
    part = lighter(part, drawn.uniform(0.6, 1.4))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if drawn.random() < 0.5 else part


def _jpeg(image: Image.Image, what: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, comment=what.encode())
    return buffer.getvalue()


def people_are_seen() -> None:
    """In the emulator's process, before it starts: on other pictures nothing is found."""
    recorded = FixedEngine.answer

    def answer(self: FixedEngine, operation: Operation, request: dict[str, Any]) -> bytes:
        sent = request["Image"]
        seen = PEOPLE in sent["S3Object"]["Name"] if "S3Object" in sent else PEOPLE.encode() in sent["Bytes"]
        return recorded(self, operation, request) if seen else NOTHING[operation.name]

    FixedEngine.answer = answer  # type: ignore[method-assign]
