"""What a picture is compared by, out of its bytes.

Rule: runs only in a child process (`jobs.media.child`), as jobs/media/fit.py does. A picture that is nearly even all
over has no mark: its hash would be noise.
"""

from PIL import Image

from jobs.media.fit import glance
from jobs.media.marks import GRID, difference_hash, tells_enough

_SIDE = 16 * GRID[0]  # pixels that a JPEG is decoded to at least: it is averaged from there


def marked(data: bytes, name: str) -> dict[str, object]:
    """`mark`: hash, and mean of blue, green and red; `size`: of the upright picture. Raises Unfit."""
    picture, size = glance(data, name, _SIDE)
    gray = picture.convert("L").resize(GRID, Image.Resampling.BOX).tobytes()
    if not tells_enough(gray):
        return {"mark": None, "size": size}
    red, green, blue = picture.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
    return {"mark": [difference_hash(gray), blue, green, red], "size": size}
