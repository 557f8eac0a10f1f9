"""The values that pass between a worker and its decoding child.

Rule: imports nothing heavy; the child starts in the time of Pillow's import.
"""

from dataclasses import dataclass

MAX_PIXELS = 178_956_970  # of a picture we decode: the size Pillow itself calls a decompression bomb (2 x 89,478,485)


@dataclass(frozen=True, slots=True)
class FitBounds:
    """What a mended picture must keep to; the part of `jobs.apis.base.Limits` that a decoder needs."""

    max_bytes: int
    min_side: int  # pixels
    max_side: int | None  # pixels; None: no limit


@dataclass(frozen=True, slots=True)
class Fitted:
    """A mended picture. `data` is empty when it was only verified, and nothing is to be added to it."""

    data: bytes
    fit: str  # what was done: "rotated; webp->jpeg; 6000x4000->4096x2731"
    format: str  # of `data`
    width: int  # pixels, as sent
    height: int


class Unfit(Exception):
    """The picture cannot be mended. `reason` as in `check.Skip`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
