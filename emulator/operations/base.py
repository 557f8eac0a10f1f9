"""What an operation is to the emulator: a name, the images it takes, what AWS bills for it, and how it is answered.

`Call` is what an operation on images or collections may use to answer one checked request. The rows of the registry are
`Operation`, answered by an engine, `VideoOperation`, answered by the jobs, and `VersionOperation`, by model versions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from emulator.custom.versions import Versions
from emulator.errors import invalid_parameter, too_large
from emulator.faces.face_collections import Collections
from emulator.faces.gallery import Gallery
from emulator.models.features import Seen
from emulator.videos.videos import Videos

MAX_IMAGE_BYTES = 5_242_880
MAX_S3_BYTES = 15_728_640
GROUP_1 = "image-group-1"
GROUP_2 = "image-group-2"


@dataclass(frozen=True, slots=True)
class ImageRules:
    """AWS's limits; `max_side` None where AWS documents none. Sources: docs/emulator.md."""

    max_bytes: int = MAX_IMAGE_BYTES
    min_side: int = 80
    max_side: int | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """`images`: the members that hold one, or a video."""

    name: str
    short: str
    _: KW_ONLY
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


@dataclass(frozen=True, slots=True)
class Operation(Described):
    """`meters` gives the units one successful call adds to each meter; `version` names the member that says which model
    version must run."""

    answer: Callable[[Call], Awaitable[dict[str, Any]]]
    meters: Callable[[dict[str, Any]], dict[str, int]]
    _: KW_ONLY
    version: str = ""


@dataclass(frozen=True, slots=True)
class VideoOperation(Described):
    """No call is billed: a job is, once it has succeeded. `answer` takes what the job is to fail with, if it is."""

    answer: Callable[[Videos, dict[str, Any], str | None], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class VersionOperation(Described):
    """No call is billed: a version is, by the hour it runs."""

    answer: Callable[[Versions, dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Call:
    """One checked request on its way through the models engine."""

    operation: Operation
    request: dict[str, Any]
    collections: Collections
    gallery: Gallery
    versions: Versions
    _look: Callable[[Operation, dict[str, Any], tuple[str, ...]], Awaitable[Seen]] = field(repr=False)

    async def look(self, *features: str, member: str = "Image") -> Seen:
        """What the models see in an image of the request; raises what AWS answers for one it cannot use."""
        return await self._look(self.operation, self.request[member], features)


def free(request: dict[str, Any]) -> dict[str, int]:
    return {}


def group_1(request: dict[str, Any]) -> dict[str, int]:
    return {GROUP_1: 1}


def group_2(request: dict[str, Any]) -> dict[str, int]:
    return {GROUP_2: 1}
