"""Pictures out of films, local ones and objects on S3, small, for people to look at.

Rule: a film is hostile and is decoded in disposable child processes only (jobs/media/pool.py); whatever it does, `take`
returns. Of an object no more is read than its tables and the seconds around a moment.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.media.pool import DecoderPool
from jobs.uris import is_local
from jobs.video.blocks import Blocks, blocks_of
from jobs.video.origins import S3, Refused
from jobs.video.reading import Exhausted, Reads


class Stills(AbstractContextManager["Stills"]):
    """Thread-safe. `side`: pixels of a picture's longer one. `s3_client`: a boto3 client, for films on S3."""

    def __init__(self, processes: int, side: int, s3_client: Callable[[], Any] | None = None) -> None:
        self._pool = DecoderPool(processes, module="jobs.video.still_child")
        self._side = side
        self._s3 = S3.of(s3_client()) if s3_client is not None else None

    def take(self, film: Item, moments: Sequence[int]) -> tuple[list[Fitted | Skip], Reads]:
        """What is on the screen at these milliseconds, as JPEG, upright; and what reading the film took."""
        if not is_local(film.uri) and (self._s3 is None or not film.uri.startswith("s3://")):
            return [Skip(Code.NOT_FETCHED, "not fetched for this report")] * len(moments), Reads()
        if find_spec("cv2") is None:
            why = Skip(Code.NOT_FETCHED, "pictures of films need OpenCV: pip install 'rekscan[video]'")
            return [why] * len(moments), Reads()
        taken: list[Fitted | Skip] = []
        reads = Reads()
        try:
            with blocks_of(film, self._s3) as blocks:
                try:
                    taken += (self._taken(blocks, at_ms) for at_ms in moments)
                finally:
                    reads = blocks.reads
        except Refused as refused:
            taken += [refused.skip] * (len(moments) - len(taken))
        return taken, reads

    def _taken(self, blocks: Blocks, at_ms: int) -> Fitted | Skip:
        head = {"at_ms": at_ms, "side": self._side, "size": blocks.size, "block": blocks.extent.block}
        try:
            return self._pool.ask(head, b"", "mp4", lambda wanted: blocks.block(int(wanted["block"])))
        except Exhausted:
            return Skip(Code.TOO_LARGE, "it takes more reading than a picture is worth")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()
