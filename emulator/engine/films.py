"""Videos of the models engine: for now, none is watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.errors import AwsError
from emulator.videos.kind import Kind
from emulator.videos.order import Order
from emulator.videos.store import Job


class Films:
    """The models engine's `Watcher`."""

    async def check(self, kind: Kind, request: dict[str, Any]) -> None:
        raise AwsError("AccessDeniedException", f"{kind.start} is not answered by models: run with --engine fixed.")

    def watch(self, kind: Kind, job: Job) -> None:
        """Never reached."""

    async def seen(self, kind: Kind, job: Job, order: Order) -> Sequence[Any]:
        return ()
