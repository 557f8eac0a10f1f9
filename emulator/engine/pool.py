"""Model processes, one per core: each loads the models once and looks at one picture at a time."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections import deque
from collections.abc import Coroutine
from typing import Any

import orjson

from emulator.engine.child import LENGTHS
from emulator.errors import AwsError, StartError, invalid_format

LOOK_SECONDS = 120.0  # a picture that takes longer costs the process, and its caller an error
START_SECONDS = 300.0
RECENT = 8  # as many pictures as a process remembers


class Dead(Exception):
    """The process ended, or had to be ended, before it answered."""


class Child:
    """One process; it starts when first used and again after a death."""

    def __init__(self) -> None:
        self.waiting = 0
        self.recent: deque[str] = deque(maxlen=RECENT)
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def start(self) -> None:
        try:
            async with self._turn:
                await self._started()
        except Dead:
            raise StartError("a model process did not start; what it said is above") from None

    async def ask(self, head: dict[str, Any], data: bytes) -> dict[str, Any]:
        """A look at a picture. Raises Dead; the next call finds a new process."""
        self.recent.append(head["key"])
        return await self.turn(head, data)

    async def turn(self, head: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
        self.waiting += 1
        try:
            async with self._turn:
                process = await self._started()
                return await self._or_dead(_exchange(process, head, data), LOOK_SECONDS)
        finally:
            self.waiting -= 1

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 2.0)
        await self._end()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self.recent.clear()
            pipe = asyncio.subprocess.PIPE
            command = (sys.executable, "-m", "emulator.engine.child")
            # A session of its own: Ctrl-C in the terminal is for the server, which then ends its children.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, env=_environment(), start_new_session=True
            )
            process = self._process
            await self._or_dead(_receive(process), START_SECONDS)
            return process
        return self._process

    async def _or_dead(self, answer: Coroutine[Any, Any, dict[str, Any]], seconds: float) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(answer, seconds)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            await self._end()
            raise Dead from None

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Pool:
    def __init__(self, size: int | None) -> None:
        self.children = [Child() for _ in range(size or _cores())]

    async def start(self) -> None:
        for name in ("cv2", "onnxruntime", "rapidocr"):
            if importlib.util.find_spec(name) is None:
                raise ModuleNotFoundError(name=name)
        await asyncio.gather(*(child.start() for child in self.children))

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self.children))

    async def look(self, key: str, data: bytes, features: list[str]) -> dict[str, Any]:
        """What the models see, or AWS's error. A picture that kills two processes is not a picture."""
        head = {"key": key, "features": features}
        for _ in range(2):
            with contextlib.suppress(Dead):
                answer = await self._choose(key).ask(head, data)
                if "error" in answer:
                    code, message, status = answer["error"]
                    raise AwsError(code, message, status)
                seen: dict[str, Any] = answer["seen"]
                return seen
        raise invalid_format()

    def _choose(self, key: str) -> Child:
        """The process that has the picture already, unless it is two calls busier than the idlest."""
        idlest = min(self.children, key=lambda child: child.waiting)
        holders = (child for child in self.children if key in child.recent)
        return next((child for child in holders if child.waiting <= idlest.waiting + 1), idlest)


async def _exchange(process: asyncio.subprocess.Process, head: dict[str, Any], data: bytes) -> dict[str, Any]:
    packed = orjson.dumps(head)
    assert process.stdin is not None
    process.stdin.write(LENGTHS.pack(len(packed), len(data)) + packed)
    process.stdin.write(data)
    await process.stdin.drain()
    return await _receive(process)


async def _receive(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    head_size, _ = LENGTHS.unpack(await process.stdout.readexactly(LENGTHS.size))
    document: dict[str, Any] = orjson.loads(await process.stdout.readexactly(head_size))
    return document


def _cores() -> int:
    """As many as this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _environment() -> dict[str, str]:
    """One thread per process for everything that would start more."""
    return os.environ | {
        "OPENCV_LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
