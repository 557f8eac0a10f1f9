"""What is asked of JPEG beyond a decoder: whether only the end mark is missing, and how large an encoding will be.

Rule: only in a decoding child, as all of jobs/media/fit.py.
Facts: markers and entropy coding of ITU T.81; what stands between the last block and the next marker is passed over.
"""

import hashlib
import io

from PIL import Image

_START_OF_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_PADS = (b"\x55" * 64, b"\xb6" * 64)  # bits that no decoder would take alike, were any of them wanted
_STRIP = 256  # pixels down, of what is compared at a time
_TILE = 128  # pixels, each side, of a piece of the sample: whole blocks
_TILES = 8  # across, and down
_SAMPLED = 4 << 20  # pixels from which on a sample is cheaper than the encoding


def with_end_mark(data: bytes) -> bytes:
    """A JPEG without its end mark, with it; empty where it has one, or where more is missing.

    Bits put behind what there is change the picture if, and only if, some were missing.
    """
    if data.rfind(_END) > data.rfind(_START_OF_SCAN):
        return b""
    body = data.removesuffix(b"\xff")
    one, other = (_digest(body + pad + _END) for pad in _PADS)
    return body + _END if one is not None and one == other else b""


def _digest(data: bytes) -> bytes | None:
    """Of the pixels; None where they do not decode."""
    seen = hashlib.sha256()
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as image:
            for top in range(0, image.height, _STRIP):
                seen.update(image.crop((0, top, image.width, min(top + _STRIP, image.height))).tobytes())
    except MemoryError:
        raise
    except Exception:  # whatever is wrong with it, the caller's own decoding says it
        return None
    return seen.digest()


def guessed(image: Image.Image, quality: int) -> int:
    """About how many bytes `image` has as a JPEG; 0 for one that is encoded as soon as guessed."""
    pixels = image.width * image.height
    if pixels < _SAMPLED:
        return 0
    buffer = io.BytesIO()
    _sample(image).save(buffer, "JPEG", quality=quality)
    return len(buffer.getvalue()) * pixels // (_TILE * _TILES) ** 2


def _sample(image: Image.Image) -> Image.Image:
    """Pieces of all of it, in rows and columns."""
    sample = Image.new(image.mode, (_TILE * _TILES, _TILE * _TILES))
    for number in range(_TILES**2):
        column, row = number % _TILES, number // _TILES
        left, top = (image.width - _TILE) * column // (_TILES - 1), (image.height - _TILE) * row // (_TILES - 1)
        left, top = max(0, left // 16 * 16), max(0, top // 16 * 16)  # where blocks begin
        sample.paste(image.crop((left, top, left + _TILE, top + _TILE)), (column * _TILE, row * _TILE))
    return sample
