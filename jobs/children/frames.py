"""How a process and its child talk: frames of a JSON head and a body of bytes over a pipe.

4 bytes length of the head | 8 bytes length of the body | head (JSON object) | body
"""

import json
import struct
from typing import IO, Any

_LENGTHS = struct.Struct(">IQ")


def write(stream: IO[bytes], head: dict[str, Any], body: bytes = b"") -> None:
    text = json.dumps(head).encode()
    stream.write(_LENGTHS.pack(len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next frame, None when the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    text = stream.read(head_size)
    body = stream.read(body_size)
    if len(text) < head_size or len(body) < body_size:
        return None
    head: dict[str, Any] = json.loads(text)
    return head, body
