"""A model process: frames in on stdin, frames out on stdout, one at a time, until stdin ends.

stdin ends when the server does, however it does, so no child outlives it.
A frame is two big-endian lengths, a JSON head and bytes. It asks for a look at a picture, or for the next turn of a
film that lies in a file.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from emulator.engine.eyes import Eyes
from emulator.engine.reel import Reel
from emulator.errors import AwsError

LENGTHS = struct.Struct(">II")
MEMORY_LIMIT = 4 * 1024**3  # of address space: a picture that wants more is refused, not the machine filled


def main() -> None:
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    # Libraries print; the pipe to the server is moved out of their reach.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory()
    eyes = Eyes()
    eyes.warm()
    projector = Projector(eyes)
    _write(out, {"ready": True})
    while (frame := _read(sys.stdin.buffer)) is not None:
        head, data = frame
        _write(out, projector.turn(head) if "film" in head else _answer(eyes, head, data))


class Projector:
    """Shows one film at a time: the server gives a process no other before it has seen this one to its end."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes
        self._reel: Reel | None = None

    def turn(self, head: dict[str, Any]) -> object:
        """The next turn; at position 0 a film begins. Elsewhere than the film is means: begin again."""
        try:
            if head["position"] == 0:
                self._close()
                self._reel = Reel(Path(head["film"]), head["features"], head["darkest"])
            reel = self._reel
            if reel is None or reel.position != head["position"]:
                return {"lost": True}
            seen = reel.watch(self._eyes)
            if "film" in seen:
                self._close()
            return {"seen": seen}
        except AwsError as failure:
            return {"error": [failure.code, failure.message, failure.status]}
        except MemoryError:
            return {"error": ["FAILED", "The film needs more memory than there is.", 400]}

    def _close(self) -> None:
        reel, self._reel = self._reel, None
        if reel is not None:
            reel.close()


def _watch(parent: int) -> None:
    """End with the server also in the middle of a picture that takes for ever."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _answer(eyes: Eyes, head: dict[str, object], data: bytes) -> object:
    features = head["features"]
    try:
        return {"seen": eyes.look(str(head["key"]), data, features if isinstance(features, list) else [])}
    except AwsError as failure:
        return {"error": [failure.code, failure.message, failure.status]}
    except MemoryError:
        return {"error": ["ImageTooLargeException", "The image needs more memory than there is.", 400]}


def _read(stream: BinaryIO) -> tuple[dict[str, object], bytes] | None:
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_size, data_size = LENGTHS.unpack(lengths)
    head, data = stream.read(head_size), stream.read(data_size)
    if len(head) < head_size or len(data) < data_size:
        return None
    return orjson.loads(head), data


def _write(stream: BinaryIO, document: object) -> None:
    payload = orjson.dumps(document)
    with contextlib.suppress(BrokenPipeError):
        stream.write(LENGTHS.pack(len(payload), 0) + payload)
        stream.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    main()
