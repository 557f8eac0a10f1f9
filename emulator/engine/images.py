"""From the bytes of a request to an upright picture the models can use, or to the error AWS answers.

Runs in the model processes: a hostile file can cost one of them, never the server.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from PIL import ImageOps

from emulator.errors import invalid_format, too_large
from emulator.models.session import Image, resized

MAX_PIXELS = 100_000_000  # 10,000 x 10,000, the largest side AWS names; a bound where it names none
WORKING_SIDE = 1600  # what the models are shown: more than any of them looks at
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

PIL.Image.MAX_IMAGE_PIXELS = None  # checked here, with AWS's error
warnings.filterwarnings("ignore", module="PIL")


@dataclass(slots=True)
class Picture:
    """`pixels` BGR, upright, at most WORKING_SIDE long; `width` and `height` as sent, upright."""

    pixels: Image
    width: int
    height: int

    @property
    def grown(self) -> float:
        return float(max(self.width, self.height) / max(self.pixels.shape[:2]))


def decode(data: bytes) -> Picture:
    """Raises InvalidImageFormatException for what is not a whole JPEG or PNG, ImageTooLargeException for too much."""
    if not data.startswith(_SIGNATURES):
        raise invalid_format()
    try:
        image: Any = PIL.Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "MPO"))
    except Exception:  # whatever Pillow's parsers throw at a hostile file means the same
        raise invalid_format() from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise too_large(f"Input image dimensions {width} x {height} exceed {MAX_PIXELS} pixels")
    try:
        pixels, turned = _upright(image)
    except Exception:
        raise invalid_format() from None
    if turned:
        width, height = height, width
    return Picture(_working_size(pixels), width, height)


def picture_of(frame: Any) -> Picture:
    """A frame of a film, upright already."""
    pixels = np.asarray(frame, np.uint8)
    return Picture(_working_size(pixels), pixels.shape[1], pixels.shape[0])


def _upright(image: Any) -> tuple[Image, bool]:
    """BGR pixels with the EXIF orientation of a JPEG applied (AWS leaves PNG as stored), and whether sides swapped."""
    jpeg = image.format != "PNG"
    orientation = image.getexif().get(0x0112, 1) if jpeg else 1
    if jpeg:
        image.draft("RGB", _enough(*image.size))  # decodes at 1/2, 1/4 or 1/8 when that is
    image.load()
    if image.mode.startswith("I"):  # 16 bits a channel: keep the upper 8
        image = PIL.Image.fromarray((np.asarray(image, np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if jpeg and orientation != 1:
        image = ImageOps.exif_transpose(image)
    rgb = np.asarray(image.convert("RGB"), np.uint8)
    return np.ascontiguousarray(rgb[..., ::-1]), orientation in (5, 6, 7, 8)


def _enough(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    return max(1, width * WORKING_SIDE // longest), max(1, height * WORKING_SIDE // longest)


def _working_size(pixels: Image) -> Image:
    height, width = pixels.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    return resized(pixels, round(width * scale), round(height * scale)) if scale < 1 else pixels
