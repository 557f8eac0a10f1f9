"""Pictures out of films on this machine, small, for people to look at.

Rule: a film is hostile and is decoded in disposable child processes only (jobs/media/pool.py); whatever it does, `take`
returns.
"""

from contextlib import AbstractContextManager
from importlib.util import find_spec
from types import TracebackType

from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.media.pool import DecoderPool
from jobs.uris import is_local, path_of
from jobs.video.origins import Refused, local_file


class Stills(AbstractContextManager["Stills"]):
    """Thread-safe. `side`: pixels of a picture's longer one."""

    def __init__(self, processes: int, side: int) -> None:
        self._pool = DecoderPool(processes, module="jobs.video.still_child")
        self._side = side

    def take(self, film: Item, at_ms: int) -> Fitted | Skip:
        """What is on the screen at this moment, as JPEG, upright."""
        if not is_local(film.uri):
            return Skip(Code.NOT_FETCHED, "films on S3 are not fetched for a report")
        if find_spec("cv2") is None:
            return Skip(Code.NOT_FETCHED, "pictures of films need OpenCV: pip install 'rekscan[emulator]'")
        try:
            with local_file(film):  # a file, and no pipe that would wait for its writer
                pass
        except Refused as refused:
            return refused.skip
        return self._pool.ask({"at_ms": at_ms, "side": self._side}, path_of(film.uri), "mp4")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()
