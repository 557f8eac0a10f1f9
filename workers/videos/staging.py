"""The films of one job that are staged from here: uploaded by a few threads of their own, and deleted once answered.

Rule: a film is uploaded when a call on it is about to wait for a slot, once for all its APIs, and none for a job that
is paused. Trouble is told apart: the film's is a Skip, what may pass and what stops the job are Faults.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.faults import Fault, Kind, Told
from jobs.aws.object_faults import of_object
from jobs.aws.s3_errors import code_of, explain
from jobs.codes import Code
from jobs.errors import RekscanError
from jobs.folder.films import FilmItem
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.file_faults import of_file
from jobs.stage import bucket
from jobs.stage.names import Note, content_of
from jobs.video.made import StageFolder
from jobs.video.transcoding import NotTranscoded, transcode
from workers.gate.gate import Stopped

log = logging.getLogger(__name__)

_UPLOADS = 2  # films at a time, in four parts each
T = TypeVar("T")


@dataclass(slots=True)
class Staging:
    """Those of one job, in this process."""

    place_in: bucket.StageBucket | StageFolder
    job: str
    _notes: dict[int, Note] = field(default_factory=dict)  # by item
    _locks: dict[int, asyncio.Lock] = field(default_factory=dict)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_UPLOADS, "stage"))

    def read(self) -> None:
        """What holders before have staged. Where S3 does not say, it is found again, or left to the job's last step."""
        try:
            self._notes |= self.place_in.notes(self.job)
        except (BotoCoreError, ClientError) as error:
            log.warning("%s is not known: %s", self.place_in.uri, error)

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    async def place(self, film: FilmItem, stop: threading.Event) -> FilmItem | Skip:
        """The film as AWS finds it. Raises Stopped, and Told for what is not the film's trouble."""
        async with self._locks.setdefault(film.item_id, asyncio.Lock()):
            return await self._in_thread(self._placed, film, stop)

    async def is_there(self, film: FilmItem) -> bool:
        """Whether a film that was placed still is; where S3 does not say, AWS will."""
        return await self._in_thread(self._is_there, film)

    async def leave(self, films: Iterable[FilmItem]) -> None:
        """Nothing more is asked about them. Trouble with that is no reason for anything else to stop."""
        for film in films:
            if note := self._notes.get(film.item_id):
                try:
                    await self._in_thread(self.place_in.leave, note)
                    self._notes.pop(film.item_id, None)
                except (BotoCoreError, ClientError, OSError) as error:
                    log.warning("%s stays in the stage for now: %s", note.key, error)

    def _placed(self, film: FilmItem, stop: threading.Event) -> FilmItem | Skip:
        note = self._notes.get(film.item_id)
        try:
            with _told(self.place_in.uri):
                make = transcode if film.transcoded else None
                placed = self.place_in.place(film, self.job, note.key if note else None, stop.is_set, make)
        except bucket.Stopped:
            raise Stopped from None
        except bucket.Replaced:
            return Skip(Code.CHANGED, "it was replaced after it was listed")
        except NotTranscoded as error:
            return Skip(Code.NOT_TRANSCODED, str(error))
        except RekscanError as error:
            raise Told(Fault(Kind.JOB, "NoFfmpeg", error.what, f"{error.do} Then resume the job.")) from error
        except OSError as error:
            if fault := of_file(error, film.uri):
                raise Told(fault) from error
            return Skip(Code.UNREADABLE, f"cannot read it: {error.strerror}")
        self._notes[film.item_id] = Note(placed.key, self.job, film.item_id)
        length = film.priced_ms if placed.ms is None else placed.ms
        uri = self.place_in.uri_of(placed.key)
        return replace(film, uri=uri, content=content_of(placed.key), priced_ms=length)

    def _is_there(self, film: FilmItem) -> bool:
        try:
            return self.place_in.placed(self._notes[film.item_id].key, film) is not None
        except (BotoCoreError, ClientError):
            return True

    async def _in_thread(self, do: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do, *arguments)


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """What S3 refuses in the block, as a fault: of its own and passing, or one that stops the job."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        fault = of_object(error, Item(0, uri, "video"))
        if fault.kind in (Kind.DENIED, Kind.JOB):
            why = explain(error, uri, "s3:PutObject")
            fault = Fault(Kind.JOB, code_of(error), why.what, f"{why.do} Then resume the job.")
        raise Told(fault) from error
