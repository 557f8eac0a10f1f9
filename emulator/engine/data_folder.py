"""What an emulator keeps on disk: one folder, with one SQLite file for face collections, one for video
jobs and one for model versions."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from emulator.custom.declared import declared
from emulator.custom.versions import Versions
from emulator.errors import OptionError
from emulator.faces.face_collections import Collections
from emulator.options import Options
from emulator.videos.pace import parse_pace
from emulator.videos.store import JobStore


@contextlib.contextmanager
def open_collections(folder: Path) -> Iterator[Collections]:
    with _writable(folder):
        collections = Collections(folder / "collections.sqlite")
    with contextlib.closing(collections):
        yield collections


@contextlib.contextmanager
def open_jobs(folder: Path | None, options: Options) -> Iterator[JobStore]:
    """In memory if there is no folder."""
    pace = parse_pace(options.video_latency)
    with _writable(folder):
        jobs = JobStore(folder / "videos.sqlite" if folder else ":memory:", options.video_jobs, pace)
    with contextlib.closing(jobs):
        yield jobs


@contextlib.contextmanager
def open_versions(folder: Path | None, options: Options) -> Iterator[Versions]:
    """In memory if there is no folder."""
    known = declared(options.custom_model)
    with _writable(folder):
        versions = Versions(folder / "versions.sqlite" if folder else ":memory:", known, options.model_seconds)
    with contextlib.closing(versions):
        yield versions


@contextlib.contextmanager
def _writable(folder: Path | None) -> Iterator[None]:
    try:
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield
    except (OSError, sqlite3.Error) as failure:
        raise OptionError(f"--data-dir {folder}: {failure}; name a folder that can be written") from None
