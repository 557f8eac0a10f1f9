"""A model process: frames in on stdin, frames out on stdout, one at a time, until stdin ends.

stdin ends when the server does, however it does, so no child outlives it.
A frame is two big-endian lengths, a JSON head and bytes.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import time
from typing import BinaryIO

import orjson

from emulator.engine.eyes import Eyes
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
    _write(out, {"ready": True})
    while (frame := _read(sys.stdin.buffer)) is not None:
        head, data = frame
        _write(out, _answer(eyes, head, data))


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
