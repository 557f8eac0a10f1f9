"""An emulator whose recorded DetectLabels answer has a person on some pictures only, by their content: what conditions
tell apart. `emulator(directory, first=on_some_pictures)`."""

import hashlib
from typing import Any

import orjson

from emulator.engine.fixed import FixedEngine
from emulator.operations.base import Operation

OPERATION = "DetectLabels"


def has_person(content: bytes) -> bool:
    """Of one in three pictures."""
    return hashlib.sha256(content).digest()[0] % 3 == 0


def on_some_pictures() -> None:
    """In the emulator's process, before it starts."""
    recorded = FixedEngine.answer

    def answer(self: FixedEngine, operation: Operation, request: dict[str, Any]) -> bytes:
        found = recorded(self, operation, request)
        if operation.name != OPERATION or has_person(request["Image"]["Bytes"]):
            return found
        labels = orjson.loads(found)
        return orjson.dumps({**labels, "Labels": [one for one in labels["Labels"] if one["Name"] != "Person"]})

    FixedEngine.answer = answer  # type: ignore[method-assign]
