"""Folders for films that are made on the way. One whose process was killed is cleared by whoever needs the next.

Rule: a folder is its process's for as long as that holds a lock on it, which the kernel takes from the dead.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "rekscan-film-"
_YOUNG = 60.0  # seconds in which its process has surely locked a new one


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this machine's temporary directory, gone at the end."""
    _clear()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name, _opened(name) as folder:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield Path(name)


def _clear() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), _opened(path) as folder:  # another user's, held, or gone meanwhile
            if time.time() - os.fstat(folder).st_mtime > _YOUNG:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)


@contextmanager
def _opened(path: str | Path) -> Iterator[int]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield folder
    finally:
        os.close(folder)
