"""A job whose pictures are drawn so that every box is known: a coloured rectangle lies where the answer says."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from benchmarks.synthetic_job import ANSWERS, make_job
from jobs.folder import JobFolder
from jobs.items import Item

APIS = ("labels", "faces", "text", "moderation", "properties")
HOSTILE = (
    "<script>alert(1)<\\script>.jpg",
    "=HYPERLINK(1).jpg",
    "\u202egnp.exe.jpg",
    "\U0001f600 \U0001f9d1\u200d\U0001f680.jpg",
    '"onerror="alert(2).jpg',
    "new\nline.jpg",
)
ROTATED = 6  # item whose EXIF says "turn 90 degrees clockwise"
MARK = {"Left": 0.25, "Top": 0.125, "Width": 0.5, "Height": 0.25}  # of the upright picture: the red rectangle


@dataclass(frozen=True, slots=True)
class Drawn:
    folder: JobFolder
    items: list[Item]

    @property
    def page(self) -> Path:
        return Path(self.folder.root) / "reports" / "report.html"


def draw_job(where: Path, count: int = 60, *, name: str = "picture") -> Drawn:
    """Pictures in `where/pictures`, a job over them in `where/jobs`."""
    pictures = where / "pictures"
    pictures.mkdir(parents=True)
    draw = random.Random(11)
    items = []
    for number in range(count):
        path = pictures / (HOSTILE[number] if number < len(HOSTILE) else f"{name}-{number:03d}.jpg")
        _picture(path, draw, turned=number == ROTATED, tall=number % 5 == 1)
        items.append(Item(number, str(path), "image", path.stat().st_size))
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    items += [
        Item(count, str(pictures / "broken.jpg"), "image", 20),
        Item(count + 1, str(pictures / ".hidden"), "other", 1, skip="hidden"),
        Item(count + 2, str(pictures / "notes.txt"), "other", 1, skip="not-media"),
    ]
    return Drawn(make_job(where / "jobs", items, APIS, answers=_answer, broken=13, shard_size=50), items)


def _picture(path: Path, draw: random.Random, *, turned: bool, tall: bool) -> None:
    """Soft colours with a red rectangle at MARK of the upright picture."""
    size = (480, 720) if tall or turned else (900, 600)
    image = Image.new("RGB", size, tuple(draw.randint(120, 220) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for _ in range(9):
        x, y, r = draw.randint(0, size[0]), draw.randint(0, size[1]), draw.randint(30, 160)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(draw.randint(90, 245) for _ in range(3)))
    left, top = MARK["Left"] * size[0], MARK["Top"] * size[1]
    pen.rectangle((left, top, left + MARK["Width"] * size[0], top + MARK["Height"] * size[1]), fill=(220, 20, 20))
    exif = Image.Exif()
    if turned:  # stored lying down; upright only after turning
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    image.save(path, "JPEG", quality=88, exif=exif)


def _answer(item: int, api: str) -> dict[str, Any]:
    answer = ANSWERS[api](random.Random(f"{item} {api}"))
    if api == "labels":
        mark = {"Name": "Red Rectangle", "Confidence": 99.5, "Instances": [{"BoundingBox": MARK, "Confidence": 99.4}]}
        answer["Labels"].append(mark)
        if item == 3:
            answer["Labels"].append({"Name": "<img src=x onerror=alert(3)>", "Confidence": 88.0, "Instances": []})
    return answer
