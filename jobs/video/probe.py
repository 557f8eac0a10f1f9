"""Looks at films, from many threads: what each is, whether it can be sent, and what looking took.

Rule: `probe` never raises for a bad film; one that nobody could look at has a Skip with a `fault`.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from jobs.aws.lean.s3_spans import SpanReader
from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.uris import is_local
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.film import MAX_MS, Film, Probed, too_long
from jobs.video.header import look
from jobs.video.key_frames import key_frames
from jobs.video.origins import Refused, local_file, s3_object
from jobs.video.reading import FilmReader, Reads


class Prober:
    """For all threads of a process."""

    def __init__(
        self,
        s3_client_factory: Callable[[], Any],
        *,
        aws: bool = True,
        transcoder: Ffmpeg | None = None,
        key_frames: bool = False,
    ) -> None:
        """`s3_client_factory`: a boto3 S3 client, made when the first object is looked at. `aws`: S3 is AWS's own.
        `transcoder`: makes H.264 MP4 of films of this machine that are something else. `key_frames`: are told, too."""
        self._transcoder = transcoder
        self._factory = s3_client_factory
        self._aws = aws
        self._key_frames = key_frames
        self._lock = threading.Lock()
        self._s3: tuple[Any, SpanReader] | None = None

    def probe(self, item: Item) -> Probed:
        if item.skip:
            return Probed(None, Skip(item.skip.partition(":")[0], item.skip), Reads())
        reader: FilmReader | None = None
        keys: tuple[int, ...] = ()
        try:
            if is_local(item.uri):
                with local_file(item) as reader:
                    film, skip = self._mended(item, *look(reader))
                    keys = self._keys(reader, film)
            elif item.uri.startswith("s3://"):
                reader, content = s3_object(item, *self._client(), aws=self._aws)
                film, skip = look(reader, content)
                keys = self._keys(reader, film)
            else:
                skip = Skip(Code.NOT_IN_S3, "Rekognition reads videos from S3, not from the web")
                return Probed(None, skip, Reads())
        except Refused as refused:
            return Probed(None, refused.skip, refused.reads + (reader.reads if reader else Reads()))
        return Probed(film, skip, reader.reads, keys)

    def _keys(self, reader: FilmReader, film: Film | None) -> tuple[int, ...]:
        return key_frames(reader, film.length_ms) if self._key_frames and film and film.length_ms else ()

    def _mended(self, item: Item, film: Film | None, skip: Skip | None) -> tuple[Film | None, Skip | None]:
        """A film of this machine that can be sent once it is transcoded."""
        if self._transcoder is None or skip is None:
            return film, skip
        code, _, what = skip.reason.partition(": ")
        if code == Code.UNSUPPORTED_CONTAINER and what != "reference":
            film = self._transcoder.look(item.uri, what or "unknown")
        elif code != Code.UNSUPPORTED_CODEC or what == "encrypted":
            return film, skip
        if film is None:
            return film, skip
        if film.length_ms is not None and film.length_ms > MAX_MS:
            return film, too_long(film)
        made = f"{film.codec}->h264" if film.codec != "h264" else f"{film.container}->mp4"
        return replace(film, transcoded=made), None

    def _client(self) -> tuple[Any, SpanReader]:
        with self._lock:
            if self._s3 is None:
                client = self._factory()
                self._s3 = client, SpanReader(client)
            return self._s3
