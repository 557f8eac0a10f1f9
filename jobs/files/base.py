"""What a home's files must do, whatever they lie on.

Errors: what is not there is a FileNotFoundError, or None or False where a method says so. What a person can mend
(access, credentials, endpoint, bucket) is a RekscanError; a disk's own troubles are OSError.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file in a folder."""

    path: str
    size: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Files(ABC):
    """A home's files. Thread-safe. A folder is there when a file is in it; nobody makes one."""

    on_disk: bool  # paths are this machine's: others can open them, and a power cut can leave a file half-written

    @abstractmethod
    def uri(self, path: str) -> str:
        """The file as a person would name it."""

    # --- reading

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether there is such a file; a folder is none."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """All of a small file, None when it is not there."""

    @abstractmethod
    def open(self, path: str, size: int | None = None) -> "pa.NativeFile":
        """The file, to be read here and there, by the calling thread alone. `size`, where it is known, saves a request;
        a file that is not there may then only be missed when it is read.
        """

    @abstractmethod
    def whole(self, path: str) -> AbstractContextManager["pa.NativeFile"]:
        """The file, to be read to its end, by any thread."""

    @abstractmethod
    def entries(self, folder: str, prefix: str = "") -> list[FileEntry]:
        """The files in a folder whose names begin with `prefix`, by name; those of a missing folder are none. Hidden
        ones (`.x`) are left out."""

    @abstractmethod
    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, in order."""

    @abstractmethod
    def nearby(self, path: str, scratch: str) -> str:
        """The file as one on this machine's disk: itself, or a copy in `scratch`."""

    # --- writing

    @abstractmethod
    def write(self, path: str, data: bytes, *, once: bool = False) -> bool:
        """Write a file in one step: a reader sees all of it or nothing, and then it lasts. Whether it was written.

        `once`: a file that is there stays as it is, whoever wrote it; of several writers at once one wins. A writer
        whose first try went through unheard may be told that it was not first.
        """

    @abstractmethod
    def writing(self, path: str) -> AbstractContextManager[Any]:
        """A binary stream to a large file, which is there when the block ends and never was when the block raises."""

    @abstractmethod
    def building(self, folder: str) -> AbstractContextManager[Path]:
        """A private place on this machine's disk for what `publish` is to bring into `folder`. It is cleared after."""

    @abstractmethod
    def publish(self, file: Path, path: str) -> None:
        """Bring a file, or a folder of files, out of `building` to its place, instead of what was there."""

    @abstractmethod
    def make_private(self, folder: str) -> None:
        """The folder is its owner's alone, where that is for us to say (on S3 the bucket's policy does)."""

    # --- removing

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete a file, if it is there."""

    @abstractmethod
    def delete_folder(self, folder: str) -> None:
        """Delete a folder and all that is in it, if it is there."""

    @abstractmethod
    def rename(self, path: str, to: str) -> None:
        """Give a file another name in its folder."""
