"""Frames out of films, of files and of objects on S3: some at a time, as JPEG of the film's own size, upright.

Rule: a film is hostile and is decoded in disposable child processes only (jobs/media/pool.py). Whatever it does, a
question is answered in bounded time; one that killed or stalled its decoder is not tried again by this process.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate, pairwise
from typing import Any

from jobs.aws.faults import Fault, Kind
from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.marks import Mark
from jobs.media.pool import DecoderPool
from jobs.uris import is_local, path_of
from jobs.video.blocks import Blocks, Extent, blocks_of
from jobs.video.origins import S3, Refused
from jobs.video.reading import Exhausted

BLOCK = 1024 * 1024  # of a film, read at a time: of an object, a GET
RUN = 16  # frames that are taken by one question, at most
NEEDS = "pip install 'rekscan[video]'"
_EXTENT = Extent(BLOCK, 4, 4 * 1024**3)
_CPU = 120.0  # seconds of one question
_WALL = 300.0  # more, for the film is read meanwhile
_BAD = 1000  # films remembered


def can_decode() -> bool:
    """Whether OpenCV is here."""
    return find_spec("cv2") is not None


def new_pool(processes: int = 2) -> DecoderPool:
    """What decodes films, for the `FilmFrames` of one process to share."""
    return DecoderPool(processes, module="jobs.video.frame_child", cpu_seconds=_CPU, wall_seconds=_WALL)


@dataclass(frozen=True, slots=True)
class Run:
    """Frames in the order of their moments: JPEG, or why there is none."""

    pictures: tuple[bytes | Skip, ...]

    @property
    def weight(self) -> int:
        return sum(len(picture) for picture in self.pictures if isinstance(picture, bytes))


class FilmFrames:
    """Thread-safe. `s3_client`: a boto3 client, for films on S3; `scope` tells endpoints apart."""

    def __init__(self, pool: DecoderPool, s3_client: Callable[[], Any], *, scope: str = "") -> None:
        self._pool = pool
        self._s3_client = s3_client
        self._scope = scope
        self._s3: S3 | None = None
        self._bad: OrderedDict[str, Skip] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, film: Item, moments: Sequence[int]) -> Run | Skip:
        """The frames of these milliseconds, which should rise; or why there are none of this film."""
        found = self._ask(film, {"want": "jpeg", "times": list(moments)})
        if isinstance(found, Skip):
            return found
        said, body = found
        edges = pairwise([0, *accumulate(said["sizes"])])
        return Run(tuple(body[start:end] or _NONE for start, end in edges))

    def marks(self, film: Item, moments: Sequence[int]) -> list[Mark | None] | Skip:
        """What the frames of these milliseconds are compared by; None for one there is not."""
        found = self._ask(film, {"want": "marks", "times": list(moments)})
        if isinstance(found, Skip):
            return found
        return [None if one is None else Mark(one[0], *one[1:]) for one in found[0]["marks"]]

    def cuts(self, film: Item, start: int, end: int) -> list[int] | Skip:
        """When shots begin in this span of milliseconds."""
        found = self._ask(film, {"want": "cuts", "span": [start, end]})
        return found if isinstance(found, Skip) else [round(at) for at in found[0]["cuts"]]

    def _ask(self, film: Item, question: dict[str, Any]) -> tuple[dict[str, Any], bytes] | Skip:
        if not can_decode():
            what = "frames of films need OpenCV, and it is not installed"
            return Skip(Code.UNREADABLE, what, fault=Fault(Kind.JOB, Code.UNREADABLE, what, f"{NEEDS}, then resume."))
        name = self._name(film)
        if bad := self._bad.get(name):
            return bad
        try:
            with blocks_of(film, self._objects(film), _EXTENT) as blocks:
                found = self._asked(blocks, name, question)
        except Refused as refused:
            return refused.skip
        except Exhausted:
            found = Skip(Code.TOO_LARGE, "it takes more reading than its frames are worth")
        if isinstance(found, Skip):
            with self._lock:
                self._bad[name] = found
                if len(self._bad) > _BAD:
                    self._bad.popitem(last=False)
        return found

    def _asked(self, blocks: Blocks, name: str, question: dict[str, Any]) -> tuple[dict[str, Any], bytes] | Skip:
        head = {"film": name, "size": blocks.size, "block": blocks.extent.block, **question}
        return self._pool.answer(head, b"", "mp4", lambda wanted: blocks.block(int(wanted["block"])), about=name)

    def _objects(self, film: Item) -> S3 | None:
        if is_local(film.uri):
            return None
        with self._lock:
            if self._s3 is None:
                self._s3 = S3.of(self._s3_client())
            return self._s3

    def _name(self, film: Item) -> str:
        """What tells this film from any other, and from what it was before."""
        told = [self._scope, film.uri, film.version or "", film.etag or ""]
        if is_local(film.uri):
            with suppress(OSError):
                state = os.stat(path_of(film.uri))  # noqa: PTH116  a path of bytes
                told += [str(state.st_size), str(state.st_mtime_ns)]
        return hashlib.sha256("\0".join(told).encode()).hexdigest()


_NONE = Skip(Code.NO_FRAME, "the film shows nothing at this moment")
