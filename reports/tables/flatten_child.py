"""The process that flattens for a build, `python -m reports.tables.flatten_child`: runs on stdin, tables on stdout.

Rule: it knows no job folder, no Redis and no AWS: it makes rows of the answers it is given, and ends itself when its
parent is gone.

A message is a head (jobs/children/frames.py) and after it as many tables as the head says, each an Arrow IPC stream.
"""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import IO, Any

import orjson
import pyarrow as pa

from jobs.children import frames
from jobs.starting import start_light
from reports.tables.flatten import flatten
from reports.tables.layout import Layout

Message = tuple[dict[str, Any], list[pa.Table]]


def main() -> None:
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what prints must not break the messages
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    start_light()
    layout = Layout(**orjson.loads(sys.argv[1]))
    send(sink, {"ready": True})
    while (message := receive(source)) is not None:
        head, (items, *outcomes) = message
        try:
            tables = flatten(layout, items, outcomes[0] if outcomes else None, head["whole"])
        except Exception:
            send(sink, {"error": traceback.format_exc()})
        else:
            send(sink, {}, list(tables.values()))


def send(stream: IO[bytes], head: dict[str, Any], tables: Sequence[pa.Table] = ()) -> None:
    frames.write(stream, {**head, "tables": len(tables)})
    for table in tables:
        with pa.ipc.new_stream(stream, table.schema) as writer:
            writer.write_table(table)
    stream.flush()


def receive(stream: IO[bytes]) -> Message | None:
    """The next message, None when the other side is gone."""
    frame = frames.read(stream)
    if frame is None:
        return None
    head, _ = frame
    try:
        return head, [pa.ipc.open_stream(stream).read_all() for _ in range(head["tables"])]
    except (OSError, pa.ArrowInvalid):  # the end, in the midst of a table
        return None


if __name__ == "__main__":
    main()
