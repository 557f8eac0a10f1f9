"""Files of a home on a local disk.

Rule: a file gets its name when it is whole and on the disk; a name, once its directory is on the disk, too.
"""

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from jobs.files.base import FileEntry, Files
from jobs.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.fs as pafs
else:
    pafs = Later("pyarrow.fs")

_LEFT_OVER_S = 24 * 3600  # no build takes that long


class LocalFiles(Files):
    on_disk = True

    def uri(self, path: str) -> str:
        return path

    def exists(self, path: str) -> bool:
        return Path(path).is_file()

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, path: str, size: int | None = None) -> "pa.NativeFile":
        return pafs.LocalFileSystem().open_input_file(path)

    @contextmanager
    def whole(self, path: str) -> Iterator["pa.NativeFile"]:
        with self.open(path) as file:
            yield file

    def entries(self, folder: str, prefix: str = "") -> list[FileEntry]:
        with _entries(folder) as entries:
            named = (entry for entry in entries if entry.name.startswith(prefix) and not entry.name.startswith("."))
            found = [FileEntry(entry.path, size) for entry in named if (size := _size(entry)) is not None]
        return sorted(found, key=lambda entry: entry.path)

    def folders(self, folder: str) -> list[str]:
        with _entries(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))

    def nearby(self, path: str, scratch: str) -> str:
        return path

    def write(self, path: str, data: bytes, *, once: bool = False) -> bool:
        try:
            with _aside(Path(path), once=once) as file:
                file.write(data)
        except FileExistsError:
            return False
        return True

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        with _aside(Path(path), once=False) as file:
            yield file

    @contextmanager
    def building(self, folder: str) -> Iterator[Path]:
        parent = Path(folder)
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear_left_over(parent)
        area = Path(tempfile.mkdtemp(prefix=".build-", dir=parent))
        try:
            yield area
        finally:
            shutil.rmtree(area, ignore_errors=True)

    def publish(self, file: Path, path: str) -> None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if target.is_dir():  # a folder cannot be replaced in one step: step the old one aside first
            aside = target.with_name(f".old-{uuid.uuid4().hex[:8]}-{target.name}")
            target.rename(aside)
            file.rename(target)
            shutil.rmtree(aside)
        else:
            file.replace(target)

    def make_private(self, folder: str) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder).chmod(0o700)

    def delete(self, path: str) -> None:
        if self.exists(path):
            Path(path).unlink(missing_ok=True)

    def delete_folder(self, folder: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)

    def rename(self, path: str, to: str) -> None:
        Path(path).replace(Path(path).with_name(to))


@contextmanager
def _entries(folder: str) -> Iterator[Iterator["os.DirEntry[str]"]]:
    try:
        found = os.scandir(folder)
    except FileNotFoundError:
        yield iter(())
        return
    with found:
        yield found


def _size(entry: "os.DirEntry[str]") -> int | None:
    """None when it is no file, or no longer there: others may delete while we list."""
    with contextlib.suppress(FileNotFoundError):
        if entry.is_file():
            return entry.stat().st_size
    return None


@contextmanager
def _aside(target: Path, *, once: bool) -> Iterator[IO[bytes]]:
    """A file under a temporary name, which gets its own when the block has ended well.

    Raises FileExistsError with `once`, where the name is taken.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if once:
            os.link(temporary, target)
        else:
            temporary.replace(target)
        _sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _clear_left_over(parent: Path) -> None:
    """Remove what builds that were killed have left."""
    for old in parent.glob(".build-*"):
        with contextlib.suppress(FileNotFoundError):  # another build may be clearing, too
            if time.time() - old.stat().st_mtime > _LEFT_OVER_S:
                shutil.rmtree(old, ignore_errors=True)
