"""Where films of this machine are put before they are asked about: a stage in S3, or, where the bundled emulator
answers, a folder beside the job.

    FOLDER/<item>-<sha256>.mp4     a film as it is (a link, or a copy), or what was made of it

Rule: a folder is of one job, and goes with it; else it is used as a stage in S3 is.
"""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from jobs.aws.access import Aws
from jobs.folder import JobSpec
from jobs.folder.films import FilmItem, pinned
from jobs.stage.bucket import Make, Placed, Replaced, StageBucket, Stop, digest_of_file, stage_of
from jobs.stage.names import Note
from jobs.uris import path_of
from jobs.video.transcoding import length_of

_NAME = re.compile(r"(\d+)-[0-9a-f]{64}(\.h264)?\.\w+")


@dataclass(frozen=True, slots=True)
class StageFolder:
    """The same as a StageBucket, on this machine."""

    folder: Path

    @property
    def uri(self) -> str:
        return str(self.folder)

    def uri_of(self, key: str) -> str:
        return str(self.folder / key)

    def place(self, film: FilmItem, job: str, key: str | None, stop: Stop, make: Make | None = None) -> Placed:
        """Raises as StageBucket.place does."""
        if key is not None and (placed := self.placed(key, film)):
            return placed
        if pinned(film.uri) != film.content:
            raise Replaced
        with open(path_of(film.uri), "rb") as file:  # noqa: PTH123  a path of bytes
            name = f"{film.item_id}-{digest_of_file(file, stop)}"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / (f"{name}.h264.mp4" if make else f"{name}.{film.container}")
        part = path.with_name(f".{path.name}")
        part.unlink(missing_ok=True)
        if make is None:
            _link(film, part)
        ms = make(film, part, stop) if make else None
        part.replace(path)
        return Placed(path.name, ms)

    def placed(self, key: str, film: FilmItem) -> Placed | None:
        path = self.folder / key
        if not path.exists():
            return None
        return Placed(key, length_of(path) if film.transcoded else None)

    def leave(self, note: Note) -> None:
        (self.folder / note.key).unlink(missing_ok=True)

    def notes(self, job: str) -> dict[int, Note]:
        there = self.folder.iterdir() if self.folder.is_dir() else ()
        names = [found for path in there if (found := _NAME.fullmatch(path.name))]
        return {int(found[1]): Note(found[0], job, int(found[1])) for found in names}

    def close(self) -> None:
        """Nothing of it is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def place_of(spec: JobSpec, aws: Aws) -> StageBucket | StageFolder | None:
    """Where films of a job are put, if they are."""
    made = spec.options.made
    return StageFolder(Path(made)) if made else stage_of(spec, aws)


def _link(film: FilmItem, to: Path) -> None:
    """The emulator opens no link that leads out of its folder."""
    path = os.path.realpath(os.fsdecode(path_of(film.uri)))
    try:
        os.link(path, to)
    except OSError:  # another disk
        shutil.copyfile(path, to)
