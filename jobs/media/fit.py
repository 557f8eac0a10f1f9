"""Mending a picture: decoded, put upright, made JPEG or PNG, shrunk to the API's limits.

Rule: runs only in a child process (`jobs.media.child`): every byte here is hostile. The same input gives the same
output. A picture is decoded once, and a large one encoded once: what a quality would give is guessed from a sample.
"""

import io
from dataclasses import replace

from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from jobs.codes import Code
from jobs.formats.raw import RAW
from jobs.media.fitted import MAX_PIXELS, FitBounds, Fitted, Unfit
from jobs.media.flatten import flattened
from jobs.media.jpeg import guessed, with_end_mark
from jobs.media.raw import preview

_OPENERS = {
    "jpeg": ["JPEG", "MPO"],
    "png": ["PNG"],
    "gif": ["GIF"],
    "bmp": ["BMP", "DIB"],
    "tiff": ["TIFF"],
    "webp": ["WEBP"],
    "heic": ["HEIF"],
    "avif": ["AVIF"],
    "jp2": ["JPEG2000"],
}
_ANIMATED = frozenset(("gif", "webp", "tiff", "png", "avif"))
_QUALITIES = (92, 85, 75)  # tried in this order before pixels are given up
_SHRINKING = Image.Resampling.HAMMING  # as good as LANCZOS to look at, at half its time
_LONGEST_PROFILE = 1 << 20  # bytes; those of cameras have a few thousand, of scanners a few hundred thousand
_16_BIT = frozenset(("I;16", "I;16L", "I;16B", "I;16N", "I"))
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow raises at twice this
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Of a compressed colour profile or text, 1 MiB by default: a picture with a larger one is a picture all the same.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY


def mend(data: bytes, name: str, limits: FitBounds, *, only_verify: bool = False) -> Fitted:
    """`data`, of the sniffed format `name`, as Rekognition takes it. Raises Unfit."""
    if name in RAW:
        return _of_raw(data, name, limits)
    marked = with_end_mark(data) if name == "jpeg" else b""
    image = _open(marked or data, name)
    frames = getattr(image, "n_frames", 1) if name in _ANIMATED else 1
    orientation = _orientation(image, name)  # before loading, which may turn the picture and drop the tag
    full = _upright(image.size, orientation, name)
    if only_verify:
        _load(image)
        if 0 < len(marked) <= limits.max_bytes:
            return Fitted(marked, "end mark added", name, *full)
        return Fitted(b"", "", name, *full)
    if name == "jpeg" and limits.max_side and max(full) > 2 * limits.max_side:
        image.draft(image.mode, (limits.max_side, limits.max_side))  # decodes at 1/2, 1/4 or 1/8: less memory
    _load(image)
    profile = _profile(image)
    upright = ImageOps.exif_transpose(image) if orientation != 1 else image
    drawing = upright.mode in ("1", "P", "PA")  # lossless is smaller and sharper
    plain, how = _plain(upright)
    output, target, final = _encode(plain, limits, drawing, profile)
    notes = ["rotated"] if orientation != 1 else []
    notes += [f"first of {frames} frames"] if frames > 1 else []
    notes += how
    notes += [f"{name}->{target}" if target != name else f"{target} rewritten"]
    notes += [f"{full[0]}x{full[1]}->{final[0]}x{final[1]}"] if final != full else []
    return Fitted(output, "; ".join(notes), target, *final)


def glance(data: bytes, name: str, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """`data` upright, in RGB or gray, decoded no larger than `side` takes where that is cheaper; and its size in
    pixels. Raises Unfit."""
    if name in RAW:
        data, name = preview(data, name)
    image = _open((with_end_mark(data) if name == "jpeg" else b"") or data, name)
    orientation = _orientation(image, name)
    full = _upright(image.size, orientation, name)
    if name == "jpeg":
        image.draft(image.mode, (side, side))
    _load(image)
    upright = ImageOps.exif_transpose(image) if orientation != 1 else image
    return _plain(upright)[0], full


def _upright(size: tuple[int, int], orientation: int, name: str) -> tuple[int, int]:
    """The size of a picture once it is turned; of some formats it is told so."""
    return (size[1], size[0]) if orientation >= 5 and name not in ("tiff", "heic") else size


def _of_raw(data: bytes, name: str, limits: FitBounds) -> Fitted:
    """Its preview, unaltered where it keeps to the limits."""
    shown, kind = preview(data, name)
    image = _open(shown, kind)
    sides = image.size
    within = (
        len(shown) <= limits.max_bytes
        and min(sides) >= limits.min_side
        and max(sides) <= (limits.max_side or max(sides))
    )
    if within and image.mode in ("RGB", "L"):
        orientation = _orientation(image, kind)
        _load(image)
        full = (sides[1], sides[0]) if orientation >= 5 else sides
        return Fitted(shown, f"preview of {name}", kind, *full)
    mended = mend(shown, kind, limits)
    return replace(mended, fit=f"preview of {name}; {mended.fit}")


def _profile(image: Image.Image) -> bytes | None:
    """Its colour profile, where it fits what is sent: a profile may be of any size, and is no part of the picture."""
    found = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") else None
    return found if found and len(found) <= _LONGEST_PROFILE else None


def _orientation(image: Image.Image, name: str) -> int:
    """Exif orientation, 1..8. PNG is taken as stored: Rekognition sees it so, and so must we."""
    if name == "png":
        return 1
    try:
        found = image.info.get("original_orientation") or image.getexif().get(0x0112, 1)
    except Exception:  # a broken tag directory is no reason to refuse the picture
        return 1
    return found if found in range(1, 9) else 1


def _open(data: bytes, name: str) -> Image.Image:
    if name == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    try:
        return Image.open(io.BytesIO(data), formats=_OPENERS[name])
    except Image.DecompressionBombError as error:
        raise Unfit(Code.BOMB, str(error)) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever they like on hostile bytes
        raise Unfit(Code.BROKEN, f"not a readable {name}: {error}") from error


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Image.DecompressionBombError as error:
        raise Unfit(Code.BOMB, str(error)) from error
    except MemoryError:
        raise
    except Exception as error:
        cut = any(word in str(error).lower() for word in ("truncat", "end of", "not enough", "premature"))
        raise Unfit(Code.TRUNCATED if cut else Code.BROKEN, f"its data do not decode: {error}") from error


def _plain(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """The picture as 8-bit RGB or gray, and what was done for it."""
    mode = image.mode
    if mode in ("RGB", "L"):
        return image, []
    if mode in _16_BIT:
        # Scaled, not clipped, which is what convert() would do.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L"), ["16->8 bit"]
    if mode == "F":
        low, high = image.getextrema()
        scale = 255 / (high - low) if high > low else 0.0  # type: ignore[operator]
        return image.point(lambda value: value * scale - low * scale).convert("L"), ["float->8 bit"]  # type: ignore[operator]
    if image.has_transparency_data:
        return flattened(image.convert("RGBA"))
    if mode == "1":
        return image.convert("L"), []
    return image.convert("RGB"), [f"{mode.lower()}->rgb"] if mode in ("CMYK", "LAB", "HSV", "YCbCr") else []


def _encode(
    image: Image.Image, limits: FitBounds, drawing: bool, profile: bytes | None
) -> tuple[bytes, str, tuple[int, int]]:
    """(bytes, format, (width, height)) within the limits. Raises Unfit when no size does it."""
    width, height = image.size
    if limits.max_side and max(width, height) > limits.max_side:
        width, height = _scaled(width, height, limits.max_side / max(width, height))
    while True:
        if min(width, height) < limits.min_side:
            too_long = max(image.size) * limits.min_side > min(image.size) * (limits.max_side or 10**9)
            reason = Code.TOO_LARGE if too_long or min(image.size) >= limits.min_side else Code.TOO_SMALL
            raise Unfit(reason, f"{image.size[0]}x{image.size[1]} does not fit the limits at any legible size")
        picture = image if (width, height) == image.size else image.resize((width, height), _SHRINKING)
        if drawing and picture.size == image.size:
            data = _save(picture, "PNG", compress_level=6)
            if len(data) <= limits.max_bytes:
                return data, "png", picture.size
        for quality in _QUALITIES:
            size = guessed(picture, quality)
            if size <= limits.max_bytes:
                data = _save(picture, "JPEG", quality=quality, **({"icc_profile": profile} if profile else {}))
                size = len(data)
                if size <= limits.max_bytes:
                    return data, "jpeg", picture.size
        # Bytes grow about as pixels do; 0.95 so that one more round is rare.
        width, height = _scaled(width, height, min(0.9, 0.95 * (limits.max_bytes / size) ** 0.5))


def _scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    return max(1, round(width * factor)), max(1, round(height * factor))


def _save(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()
