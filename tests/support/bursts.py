"""Bursts: photographs, each once more as a camera takes the next one: a little lighter, a little to the side."""

import io
from pathlib import Path

from PIL import Image, ImageEnhance

from tests.support.places import PHOTOS

NAMES = ("astronaut", "cat", "coffee")
_SIDE = (480, 360)


def photo(name: str) -> Image.Image:
    with Image.open(next(PHOTOS.glob(f"{name}.*"))) as image:
        return image.convert("RGB").resize(_SIDE)


def lighter(image: Image.Image, factor: float = 1.03) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(factor)


def aside(image: Image.Image, pixels: int = 2) -> Image.Image:
    """The same moved a little, of the same size."""
    width, height = image.size
    return image.crop((pixels, pixels, width, height)).resize(image.size)


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def make_bursts(directory: Path, names: tuple[str, ...] = NAMES) -> Path:
    """Of each photograph `name-0.jpg` and three that are near it; beside them one of each of another size, and two
    pages that are all but white."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        first = photo(name)
        shots = (first, lighter(first), aside(first), lighter(aside(first), 0.98))
        for number, shot in enumerate(shots):
            (directory / f"{name}-{number}.jpg").write_bytes(jpeg(shot, 92 - number))
        (directory / f"{name}-small.jpg").write_bytes(jpeg(first.resize((240, 180))))
    for number in range(2):
        page = Image.new("RGB", _SIDE, (250, 250, 250))
        page.paste((20, 20, 20), (100, 50 + 100 * number, 220, 60 + 100 * number))
        (directory / f"page-{number}.jpg").write_bytes(jpeg(page))
    return directory
