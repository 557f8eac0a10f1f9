"""What an operation is to the emulator: a name, the images it takes, what AWS bills for it, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.errors import invalid_parameter, too_large

if TYPE_CHECKING:
    from emulator.operations.call import Call

MAX_IMAGE_BYTES = 5_242_880
MAX_S3_BYTES = 15_728_640
MODEL_VERSION = "0.1"  # AWS's begin at 1.0: an answer of the emulator can be told by it
GROUP_1 = "image-group-1"
GROUP_2 = "image-group-2"


@dataclass(frozen=True, slots=True)
class ImageRules:
    """AWS's limits; `max_side` None where AWS documents none. Sources: docs/emulator.md."""

    max_bytes: int = MAX_IMAGE_BYTES
    min_side: int = 80
    max_side: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """`meters` gives the units one successful call adds to each meter."""

    name: str
    short: str
    answer: Callable[[Call], Awaitable[dict[str, Any]]]
    meters: Callable[[dict[str, Any]], dict[str, int]]
    images: tuple[str, ...] = ("Image",)
    rules: ImageRules = ImageRules()
    cannot: str = ""  # what the open models cannot answer here, said at start and by --about

    def check(self, request: dict[str, Any]) -> None:
        """What the service checks beyond its model: each image is given once, either way, and small enough."""
        for member in self.images:
            image = request[member]
            place = image.get("S3Object")
            if ("Bytes" in image) == (place is not None):
                raise invalid_parameter()
            if place is not None and not (place.get("Bucket") and place.get("Name")):
                raise invalid_parameter()
            if len(image.get("Bytes", b"")) > self.rules.max_bytes:
                raise too_large(f"Image size is too large. Maximum size is {self.rules.max_bytes} bytes.")


def free(request: dict[str, Any]) -> dict[str, int]:
    return {}


def group_1(request: dict[str, Any]) -> dict[str, int]:
    return {GROUP_1: 1}


def group_2(request: dict[str, Any]) -> dict[str, int]:
    return {GROUP_2: 1}
