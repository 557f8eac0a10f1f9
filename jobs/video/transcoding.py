"""A film of this machine made into one that Rekognition takes, in a disposable process of its own.

Rule: whatever the film or the ffmpeg does, it ends within a time that its length allows, and with a film that was
looked at, or the reason why there is none.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jobs.children import frames
from jobs.children.child import Child, how
from jobs.folder.films import FilmItem
from jobs.items import Item
from jobs.stage.bucket import Stopped
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.header import look
from jobs.video.origins import Refused, local_file
from jobs.words import duration

_LEAST, _TIMES = 600, 60  # seconds any film may take, and for each second of it: 4K on a slow machine
_LOOK = 0.1  # seconds between looks whether it is done
_LAST = 5.0  # seconds for it to end in
_MISSING, _MISSING_MS = 0.05, 500  # what of a film may be missing when it was made: containers and their tracks differ
_LINES = 3  # of ffmpeg's last words


class NotTranscoded(Exception):
    """Its message says why."""


def transcode(film: FilmItem, to: Path, stop: Callable[[], bool]) -> int:
    """Make it; its length in milliseconds. Raises NotTranscoded, Stopped, and RekscanError without an ffmpeg."""
    command = Ffmpeg.found().command(film.uri, str(to), copy=film.codec == "h264")
    seconds = _LEAST + _TIMES * film.priced_ms // 1000
    child = Child("jobs.video.transcode_child", [str(seconds), *command])
    try:
        _wait(child, time.monotonic() + seconds, stop)
        done = frames.read(child.back)
    finally:
        _end(child)
    if done is None or done[0]["code"] != 0:
        raise NotTranscoded(f"ffmpeg: {_words(done[0]) if done else 'its process died'}")
    ms = length_of(to)
    if film.length_ms is not None and film.length_ms - ms > max(_MISSING_MS, film.length_ms * _MISSING):
        raise NotTranscoded(
            f"{duration(ms / 1000)} of {duration(film.length_ms / 1000)} could be read: the rest is missing"
        )
    return ms


def _wait(child: Child, until: float, stop: Callable[[], bool]) -> None:
    while child.alive:
        if stop():
            raise Stopped
        if time.monotonic() > until:
            raise NotTranscoded("ffmpeg took far longer than the film's length allows")
        time.sleep(_LOOK)


def _end(child: Child) -> None:
    """It takes its ffmpeg with it when its stdin ends."""
    with suppress(OSError):
        child.to.close()
    until = time.monotonic() + _LAST
    while child.alive and time.monotonic() < until:
        time.sleep(_LOOK)
    child.end()


def _words(told: dict[str, object]) -> str:
    lines = str(told["said"]).splitlines()[-_LINES:]
    code = told["code"]
    return " / ".join(lines) or how(code if isinstance(code, int) else 1)


def length_of(made: Path) -> int:
    """Of what came, in milliseconds. Raises NotTranscoded where Rekognition would not take it either."""
    try:
        with local_file(Item(0, str(made), "video")) as reader:
            film, skip = look(reader)
    except Refused as refused:
        raise NotTranscoded(refused.skip.message) from None
    if skip is not None or film is None or film.length_ms is None:
        raise NotTranscoded(skip.message if skip else "nothing says how long what came of it is")
    return film.length_ms
