"""The preview that a camera put into a RAW photograph, by LibRaw (the extra `raw`).

Rule: decodes nothing but what LibRaw must to find it; as all of jobs/media/fit.py, hostile bytes, so in a child.
"""

import io

from PIL import Image

from jobs.codes import Code
from jobs.media.fitted import Unfit

# LibRaw's sizes.flip: how the sensor was held.
_UPRIGHT = {3: Image.Transpose.ROTATE_180, 5: Image.Transpose.ROTATE_90, 6: Image.Transpose.ROTATE_270}


def preview(data: bytes, name: str) -> tuple[bytes, str]:
    """(bytes, `jpeg` or `png`), with its orientation. Raises Unfit."""
    import rawpy

    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            found, flip = raw.extract_thumb(), raw.sizes.flip
    except MemoryError:
        raise
    except Exception as error:  # LibRaw's own, which share no class, and what rawpy makes of the rest
        raise Unfit(Code.BROKEN, f"no preview can be read from this {name}: {error or type(error).__name__}") from error
    if isinstance(found.data, bytes):
        return found.data, "jpeg"
    image = Image.fromarray(found.data)
    buffer = io.BytesIO()
    (image.transpose(_UPRIGHT[flip]) if flip in _UPRIGHT else image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue(), "png"
