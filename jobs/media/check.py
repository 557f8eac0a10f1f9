"""What becomes of a picture: sent as it is, mended first, or not sent at all.

Rule: pure. A JPEG or PNG that AWS accepts is sent unaltered; whatever AWS would refuse is found here, before it costs a
call. Limits come from the API's row (`jobs.apis.base.Limits`).
"""

from dataclasses import dataclass
from typing import Literal

from jobs.apis.base import Limits
from jobs.aws.faults import Fault
from jobs.codes import Code
from jobs.formats.raw import EXTRA, RAW, READABLE
from jobs.formats.sniff import family
from jobs.media.fitted import MAX_PIXELS
from jobs.media.header import Header

MAX_SOURCE_BYTES = 200 * 1024 * 1024  # of a file we fetch in order to mend it
MENDABLE = frozenset(("jpeg", "png", "gif", "bmp", "tiff", "webp", "heic", "avif", "jp2"))
_LONGEST = 2**31 - 1  # of a side: `width` and `height` are 32 bits wide in results and tables
_NATIVE = frozenset(("jpeg", "png"))

Via = Literal["s3", "bytes"]


@dataclass(frozen=True, slots=True)
class Send:
    """Send the original, unaltered."""

    via: Via


@dataclass(frozen=True, slots=True)
class Fit:
    """Decode and mend first. `steps`: `convert`, `shrink-side`, `shrink-bytes`, or `verify` alone: only prove that the
    whole picture decodes, then send the original (with an end mark, where that is all it lacks)."""

    steps: tuple[str, ...]

    @property
    def only_verify(self) -> bool:
        return self.steps == ("verify",)


@dataclass(frozen=True, slots=True)
class Skip:
    """Never send. `reason` is a short stable code (the `code` of the outcome), `message` a sentence for people.

    `cause`: S3's or HTTP's own code behind an `unreadable`. `fault`: nobody could look at it, and this is why; it says
    nothing of the picture.
    """

    reason: str
    message: str
    format: str | None = None
    width: int | None = None
    height: int | None = None
    cause: str | None = None
    fault: Fault | None = None


Verdict = Send | Fit | Skip


def verdict(head: Header, size: int, limits: Limits, *, via: Via, fit: bool) -> Verdict:
    """What to do with a picture of `size` bytes.

    `via`: how it would be sent, as an S3 object or as bytes. `fit`: mending is allowed (`--no-fit` is False).
    """
    reason, message = _refusal(head, size, limits, fit) or ("", "")
    steps = () if reason else _steps(head, size, limits, via, fit)
    if steps:
        reason, message = _unmendable(head, size, limits, steps, via, fit) or ("", "")
    if reason:
        return Skip(reason, message, head.format, *_sayable(head))
    return Fit(steps) if steps else Send(via)


def _sayable(head: Header) -> tuple[int, int] | tuple[None, None]:
    """Its sides, as a row can hold them: a header may claim four thousand million pixels."""
    return head.upright if head.upright and max(head.upright) <= _LONGEST else (None, None)


def _refusal(head: Header, size: int, limits: Limits, fit: bool) -> tuple[str, str] | None:
    """(reason, message) why no API of these limits can ever have the picture."""
    sides = head.upright
    if size == 0:
        return Code.EMPTY, "the file has no bytes"
    if family(head.format) != "image":
        return Code.NOT_AN_IMAGE, f"its bytes are {head.format or 'of no picture format we know'}"
    if head.format in RAW and not READABLE:
        return f"{Code.UNSUPPORTED_FORMAT}: {head.format}", EXTRA
    if head.format not in MENDABLE | RAW:
        return f"{Code.UNSUPPORTED_FORMAT}: {head.format}", f"{head.format} cannot be converted here"
    if head.format not in _NATIVE and not fit:
        return f"{Code.UNSUPPORTED_FORMAT}: {head.format}", "Rekognition takes JPEG and PNG only, and --no-fit is set"
    if sides is None:
        if head.format in _NATIVE and head.ended is not None:
            return Code.BROKEN if head.ended else Code.TRUNCATED, "its header does not say how large the picture is"
    elif min(sides) < limits.min_side:
        return Code.TOO_SMALL, f"{sides[0]}x{sides[1]} is under {limits.min_side} pixels on a side"
    elif sides[0] * sides[1] > MAX_PIXELS:
        return Code.BOMB, f"{sides[0]}x{sides[1]} is more than {MAX_PIXELS:,} pixels"
    return None


def _unmendable(
    head: Header, size: int, limits: Limits, steps: tuple[str, ...], via: Via, fit: bool
) -> tuple[str, str] | None:
    """(reason, message) why the steps that are needed cannot or must not be done."""
    shrink_side = "shrink-side" in steps
    if not fit and (shrink_side or "shrink-bytes" in steps):
        limit = f"{limits.max_side} pixels" if shrink_side else f"{_max_bytes(limits, via):,} bytes"
        return Code.TOO_LARGE, f"over the limit of {limit}, and --no-fit is set"
    if shrink_side and head.upright and limits.max_side:
        long, short = max(head.upright), min(head.upright)
        if short * limits.max_side < limits.min_side * long:
            return Code.TOO_LARGE, f"{long} pixels cannot become {limits.max_side} with {limits.min_side} left across"
    if size > MAX_SOURCE_BYTES:
        return Code.TOO_LARGE, f"more than {MAX_SOURCE_BYTES:,} bytes to fetch and mend"
    return None


def _max_bytes(limits: Limits, via: Via) -> int:
    return limits.max_s3_bytes if via == "s3" else limits.max_bytes


def _steps(head: Header, size: int, limits: Limits, via: Via, fit: bool) -> tuple[str, ...]:
    steps: list[str] = []
    # AWS says nothing of CMYK, 16 bit and rare JPEG processes; as they are JPEG and PNG, --no-fit sends them.
    odd = head.color == "cmyk" or (head.bits or 8) > 8 or not head.plain
    if head.format not in _NATIVE or (odd and fit):
        steps.append("convert")
    if head.upright and limits.max_side and max(head.upright) > limits.max_side:
        steps.append("shrink-side")
    if size > _max_bytes(limits, via):
        steps.append("shrink-bytes")
    if not steps and head.ended is False:
        steps.append("verify")
    return tuple(steps)
