"""A directory, or one local file, as a source.

Rule: every file below becomes exactly one row, in an order that is the same on every walk (a directory's files by name,
then its directories by name; directories reached only through symbolic links come last). Nothing raises once the root
is there: what cannot be read is a row that says so.

Memory is that of one directory's names and the stack of directories still to visit.
"""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from jobs.codes import Code
from jobs.errors import RekscanError
from jobs.formats.names import by_extension
from jobs.formats.sniff import family, sniff
from jobs.items import Kind
from jobs.sources.globs import EVERYTHING, Globs
from jobs.sources.left_out import BY_PRODUCT_NAMES, is_job_folder
from jobs.sources.rows import BATCH_ROWS, Rows
from jobs.uris import path_of, uri_of

_HEAD = 192  # bytes read of a file whose name says nothing
_DOT = ord(".")
_EFFECTIVE = os.access in os.supports_effective_ids
_REMEMBERED = 10_000  # extensions kept at hand
_Kinds = dict[bytes, tuple[Kind, str | None] | None]
_UNSEEN: tuple[Kind, str | None] = ("other", "unseen")  # no extension known yet


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory tree or a single file. `uri` as in the manifest. `globs`: folders they exclude are not entered."""

    uri: str
    globs: Globs = EVERYTHING

    def batches(self) -> Iterator[pa.RecordBatch]:
        """ROW_SCHEMA batches of everything below. Raises RekscanError when the root is missing or unreadable."""
        root = path_of(self.uri)
        try:
            below = stat.S_ISDIR(os.stat(root).st_mode)  # noqa: PTH116  a bytes path
            if below:
                os.close(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
        except OSError as error:
            raise RekscanError(
                f"cannot read {self.uri}: {error.strerror}", "Check the path and its permissions."
            ) from error
        if below:
            yield from _Walk(root, self.globs).batches()
        else:
            rows = Rows()
            local_row(rows, root)
            yield rows.take()


def local_row(rows: Rows, path: bytes) -> None:
    """Add the row of one path somebody named: its state now, or why it cannot be read. Hidden names are welcome."""
    parent, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  a bytes path
    try:
        fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        rows.add(_uri(path), "other", skip=f"{Code.UNREADABLE}: {getattr(error, 'strerror', None) or error}")
        return
    try:
        if _add_file(rows, fd, name, parent.rstrip(b"/"), {}):
            rows.add(_uri(path), "other", skip=Code.NOT_A_FILE)
    finally:
        os.close(fd)


class _Walk:
    def __init__(self, root: bytes, globs: Globs) -> None:
        self._root = root
        self._globs = globs
        self._seen: set[tuple[int, int]] = set()  # (device, inode) of directories visited: loops end here
        self._linked: list[bytes] = []  # directories behind symbolic links, visited last
        self._kinds: _Kinds = {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        rows = Rows()
        stack = [self._root]
        while stack or self._linked:
            if not stack:
                stack, self._linked = sorted(self._linked, reverse=True), []
            directory = stack.pop()
            try:
                fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                rows.add(_uri(directory) + "/", "other", skip=f"{Code.UNREADABLE}: {error.strerror}")
                continue
            try:
                yield from self._visit(fd, directory.rstrip(b"/"), rows, stack)
            finally:
                os.close(fd)
        yield rows.take()

    def _visit(self, fd: int, base: bytes, rows: Rows, stack: list[bytes]) -> Iterator[pa.RecordBatch]:
        """The files of the directory open as `fd`; its directories are pushed onto the stack."""
        state = os.fstat(fd)
        if (state.st_dev, state.st_ino) in self._seen:
            return
        self._seen.add((state.st_dev, state.st_ino))
        try:
            files, below = _names(fd)
        except OSError as error:
            rows.add(_uri(base) + "/", "other", skip=f"{Code.UNREADABLE}: {error.strerror}")
            return
        if is_job_folder(os.path.basename(base), files, below) and base != self._root.rstrip(b"/"):  # noqa: PTH119
            rows.add(_uri(base) + "/", "other", skip=Code.OWN_OUTPUT)
            return
        for name in files:
            if name[0] == _DOT:
                rows.add(_uri(base + b"/" + name), "other", skip=Code.HIDDEN)
            elif _add_file(rows, fd, name, base, self._kinds):
                self._linked.append(base + b"/" + name)
            if len(rows.uri) >= BATCH_ROWS:
                yield rows.take()
        entered = []
        for name in below:
            path = base + b"/" + name
            if skip := self._left_out(name, path):
                rows.add(_uri(path) + "/", "other", skip=skip)
            else:
                entered.append(path)
        stack.extend(reversed(entered))

    def _left_out(self, name: bytes, path: bytes) -> Code | None:
        """Why the directory at `path` is not entered."""
        if name[0] == _DOT:
            return Code.HIDDEN_DIRECTORY
        if name in BY_PRODUCT_NAMES:
            return Code.BY_PRODUCT
        inside = path[len(self._root.rstrip(b"/")) + 1 :]
        return Code.EXCLUDED if self._globs and self._globs.excludes(inside.decode("utf-8", "replace")) else None


def _names(fd: int) -> tuple[list[bytes], list[bytes]]:
    """Sorted names of a directory's entries: (all that are not directories, the directories)."""
    files: list[bytes] = []
    below: list[bytes] = []
    encode = os.fsencode
    with os.scandir(fd) as entries:
        for entry in entries:
            (below if entry.is_dir(follow_symlinks=False) else files).append(encode(entry.name))
    files.sort()
    below.sort()
    return files, below


def _add_file(rows: Rows, fd: int, name: bytes, base: bytes, kinds: _Kinds) -> bool:
    """Add the row of entry `name` of the directory `base`, open as `fd`. True: it is a directory, no row was added."""
    uri = _uri(base + b"/" + name)
    try:
        state = os.stat(name, dir_fd=fd)
    except (OSError, ValueError) as error:
        rows.add(uri, "other", skip=f"{Code.UNREADABLE}: {_why(error, name, fd)}")
        return False
    mode = state.st_mode
    if not stat.S_ISREG(mode):
        if stat.S_ISDIR(mode):
            return True
        rows.add(uri, "other", skip=Code.NOT_A_FILE)
        return False
    dot = name.rfind(b".") + 1
    ext = name[dot:] if dot > 1 else b""
    known = kinds.get(ext, _UNSEEN)
    if known is _UNSEEN:
        known = by_extension(ext.decode("utf-8", "replace").lower())
        if len(kinds) < _REMEMBERED:
            kinds[ext] = known
    size = state.st_size
    kind, skip = known or ("other", None)
    if size == 0:
        skip = Code.EMPTY
    # Readable to everyone is the common case and costs no further system call.
    elif mode & 0o444 != 0o444 and not os.access(name, os.R_OK, dir_fd=fd, effective_ids=_EFFECTIVE):
        skip = f"{Code.UNREADABLE}: Permission denied"
    elif known is None:
        kind, skip = _look(name, fd)
    rows.add(uri, kind, size, modified=state.st_mtime_ns // 1000, skip=skip)
    return False


def _look(name: bytes, fd: int) -> tuple[Kind, str | None]:
    """(kind, skip) by the first bytes of a file whose name says nothing."""
    try:
        # Not blocking: between `stat` and here the file may have become a FIFO.
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=fd)
        try:
            kind = family(sniff(os.read(handle, _HEAD)))
        finally:
            os.close(handle)
    except OSError as error:
        return "other", f"{Code.UNREADABLE}: {error.strerror}"
    return kind, Code.NOT_MEDIA if kind == "other" else None


def _why(error: OSError | ValueError, name: bytes, fd: int) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOENT:
        try:
            os.readlink(name, dir_fd=fd)
            return "broken link"
        except OSError:
            return "no such file"
    return getattr(error, "strerror", None) or str(error)


def _uri(absolute: bytes) -> str:
    """`uri_of` for a path known to be absolute."""
    try:
        return absolute.decode("utf-8")
    except UnicodeDecodeError:
        return uri_of(absolute)
