"""One checked request on its way through the models engine: what an operation may use to answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.models.features import Seen
from emulator.operations.base import Operation

if TYPE_CHECKING:
    from emulator.faces.collections import Collections
    from emulator.faces.gallery import Gallery

Look = Callable[[Operation, dict[str, Any], tuple[str, ...]], Awaitable[Seen]]


@dataclass(slots=True)
class Call:
    operation: Operation
    request: dict[str, Any]
    collections: Collections
    gallery: Gallery
    _look: Look = field(repr=False)

    async def look(self, *features: str, member: str = "Image") -> Seen:
        """What the models see in an image of the request; raises what AWS answers for one it cannot use."""
        return await self._look(self.operation, self.request[member], features)
