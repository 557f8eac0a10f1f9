"""Records in temporary files by the first bits of their name: what is equal is together, a sixty-fourth at a time.

Rule: constant memory at any number of records; numpy does the rest. (DuckDB was tried: under a limit of 100 MB it fails
at a million rows, without a limit it takes what it likes.)
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

_BITS = 6
ROWS = 10_000  # of a large listing read at a time
Records = npt.NDArray[Any]


def names_of(texts: Iterable[str]) -> Records:
    """The 16-byte name of each text, as `content_id` gives it."""
    names = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16] for text in texts]
    return np.frombuffer(b"".join(names), "S16")


class Buckets(AbstractContextManager["Buckets"]):
    """Add all, then take `each`."""

    def __init__(self) -> None:
        self._type = np.dtype([("name", "S16")])
        self._directory = tempfile.TemporaryDirectory(prefix="rekscan-")
        self._files: dict[int, IO[bytes]] = {}  # of the buckets that have any

    def add(self, names: Records, **columns: Any) -> None:
        """Records of a name and whatever else, the same columns each time: arrays, or one value for all."""
        made = {name: np.asarray(values) for name, values in columns.items()}
        self._type = np.dtype([("name", "S16"), *((name, values.dtype) for name, values in made.items())])
        records = np.empty(len(names), self._type)
        records["name"] = names
        for name, values in made.items():
            records[name] = values
        bucket = np.ascontiguousarray(names).view(np.uint8)[::16] >> (8 - _BITS)
        records = records[np.argsort(bucket, kind="stable")]
        ends = np.cumsum(np.bincount(bucket, minlength=1 << _BITS))
        for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if start < end:
                self._file(number).write(records[start:end].tobytes())

    def each(self) -> Iterator[tuple[bytes, bytes | None, Records]]:
        """The records of a range of names, where there are any: from the first name on, to before the second."""
        for number, file in sorted(self._files.items()):
            file.seek(0)
            last = number + 1 == 1 << _BITS
            high = None if last else bytes([number + 1 << 8 - _BITS])
            yield bytes([number << 8 - _BITS]), high, np.frombuffer(file.read(), self._type)

    def _file(self, number: int) -> IO[bytes]:
        if number not in self._files:
            self._files[number] = (Path(self._directory.name) / str(number)).open("w+b")
        return self._files[number]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        self._directory.cleanup()
