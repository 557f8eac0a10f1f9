"""Sample photos: fourteen real ones kept here (PROVENANCE.md), and an archive with its usual trouble, made of them.

    python -m emulator.photos DIR

The same Pillow writes the same folder every time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# One photo, or none, stands for each folder of the archive that `gather` makes.
PHOTOS = {
    "people": (
        "astronaut.jpg",
        "biden.jpg",
        "cameraman.png",
        "hopper.jpg",
        "obama-portrait.jpg",
        "obama-speech.jpg",
    ),
    "animals": ("cat.jpg", "raccoon.jpg"),
    "places": ("rocket.jpg", "stairs.png", "temple.jpg"),
    "things": ("coffee.jpg", "dahlia.jpg", "page.png"),
}
FILM = "three-shots.mp4"
SIGN = ("CITY LIBRARY", "Open 9:00 to 17:30", "Please be quiet")


def photo(name: str) -> bytes:
    """One of the photos kept here, by its file name."""
    return files(__name__).joinpath(name).read_bytes()


def gather(folder: Path) -> list[Path]:
    """Write the archive into `folder` (made if missing); returns the files, sorted."""
    for group, names in PHOTOS.items():
        for name in names:
            _write(folder / group / name, photo(name))
    for name, make in TROUBLE.items():
        _write(folder / "trouble" / name, make())
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_film(folder: Path) -> Path:
    """Write the sample film, three photos drawn near one after the other, into the archive's folder `films`."""
    path = folder / "films" / FILM
    _write(path, photo(FILM))
    return path


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _open(name: str) -> Image.Image:
    return Image.open(io.BytesIO(photo(name)))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _rotated() -> bytes:
    """Lies on its side; the EXIF orientation says how to stand it up."""
    image = _open("astronaut.jpg").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(image, "JPEG", quality=88, exif=exif)


def _two_people() -> bytes:
    """A composite: two portraits side by side."""
    canvas = Image.new("RGB", (1040, 640), "white")
    for place, name in enumerate(("obama-portrait.jpg", "hopper.jpg")):
        portrait = _open(name)
        portrait.thumbnail((520, 640))
        canvas.paste(portrait, (520 * place, 0))
    return _saved(canvas, "JPEG", quality=88)


def _sign() -> bytes:
    canvas = Image.new("RGB", (900, 420), (24, 60, 110))
    pen = ImageDraw.Draw(canvas)
    for line, text in enumerate(SIGN):
        pen.text((60, 50 + 110 * line), text, fill="white", font=ImageFont.load_default(64))
    return _saved(canvas, "PNG")


def _oversize() -> bytes:
    """Over 5,242,880 bytes, as photos of a good camera are: larger, with the grain a sensor adds."""
    image = _open("raccoon.jpg").resize((3072, 2304), Image.Resampling.BILINEAR)
    grain = np.tile(np.random.default_rng(1).integers(-24, 25, (256, 256, 1), np.int16), (9, 12, 1))
    pixels = (np.asarray(image, np.int16) + grain).clip(0, 255).astype(np.uint8)
    return _saved(Image.fromarray(pixels), "JPEG", quality=98)


def _deep() -> bytes:
    """16 bits a channel, gray."""
    gray = np.asarray(_open("temple.jpg").convert("L"), np.uint16)
    return _saved(Image.fromarray(gray * 257), "PNG")


def _heic() -> bytes:
    from pillow_heif import from_pillow

    buffer = io.BytesIO()
    from_pillow(_open("dahlia.jpg")).save(buffer, quality=80)
    return buffer.getvalue()


def _as(name: str, kind: str, mode: str = "RGB", **options: Any) -> Callable[[], bytes]:
    return lambda: _saved(_open(name).convert(mode), kind, **options)


TROUBLE: dict[str, Callable[[], bytes]] = {
    "rotated.jpg": _rotated,
    "two-people.jpg": _two_people,
    "sign.png": _sign,
    "oversize.jpg": _oversize,
    "gray.jpg": _as("cat.jpg", "JPEG", "L", quality=88),
    "palette.png": lambda: _saved(_open("raccoon.jpg").quantize(64), "PNG"),
    "deep.png": _deep,
    "cmyk.jpg": _as("coffee.jpg", "JPEG", "CMYK", quality=88),
    "coffee.webp": _as("coffee.jpg", "WEBP", quality=80),
    "webp-in-disguise.jpg": _as("cat.jpg", "WEBP", quality=80),
    "temple.bmp": _as("temple.jpg", "BMP"),
    "page.tiff": _as("page.png", "TIFF", "L"),
    "rocket.gif": lambda: _saved(_open("rocket.jpg").quantize(128), "GIF"),
    "dahlia.heic": _heic,
    "broken.jpg": lambda: photo("raccoon.jpg")[:60_000],
    "tiny.png": lambda: _saved(_open("cat.jpg").resize((60, 40)), "PNG"),
    "empty.jpg": lambda: b"",
    "copy of hopper.jpg": lambda: photo("hopper.jpg"),
    "notes.txt": lambda: b"Not a photo.\n",
}
