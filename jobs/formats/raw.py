"""RAW photographs, of which the preview is looked at that the camera put into them.

Rule: pure. Several are TIFFs by their first bytes; which, the first directory tells (TIFF 6.0 and its supplement 1 for
SubIFDs and NewSubfileType, the DNG specification for DNGVersion).
"""

import struct
from importlib.util import find_spec

from jobs.codes import Code

RAW = frozenset(("cr2", "cr3", "nef", "arw", "dng", "raf", "orf", "rw2"))
READABLE = find_spec("rawpy") is not None
EXTRA = "its preview is read with pip install 'rekscan[raw]'"

_SUBFILE, _MAKE, _SUB_IFDS, _DNG_VERSION = 254, 271, 330, 50706
_MAKES = ((b"NIKON", "nef"), (b"SONY", "arw"))


def without_extra(ext: str) -> str | None:
    """The reason why a file of this extension is skipped; None where RAW can be read."""
    return None if READABLE else f"{Code.UNSUPPORTED_FORMAT}: {ext}, {EXTRA}"


def of_tiff(data: bytes) -> str | None:
    """`nef`, `arw`, `dng`: what a TIFF is a RAW photograph as; None: none that we know."""
    tags = _tags(data)
    if _DNG_VERSION in tags:
        return "dng"
    if _SUB_IFDS not in tags or tags.get(_SUBFILE, b"")[-4:] not in (b"\1\0\0\0", b"\0\0\0\1"):
        return None
    field = tags.get(_MAKE, b"")[-4:]  # where its letters begin: they are more than four
    make = int.from_bytes(field, "little" if data[:2] == b"II" else "big")
    return next((name for letters, name in _MAKES if data[make : make + 8].upper().startswith(letters)), None)


def _tags(data: bytes) -> dict[int, bytes]:
    """Tags of the first directory, each with its type, count and field; empty where it is not at hand."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    (start,) = struct.unpack(order + "I", data[4:8])
    if start + 2 > len(data):
        return {}
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    entries = (data[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12))
    return {struct.unpack(order + "H", entry[:2])[0]: entry[2:] for entry in entries if len(entry) == 12}
