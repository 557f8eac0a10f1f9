"""Files of a home on S3, over one boto3 client.

Rule: an object is whole or not there; `once` is `If-None-Match: *`. A server that does not know that header (501) is
asked first whether the object is there: between two writers at once the later one wins then, with the same rows.
"""

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote_plus

import pyarrow as pa
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.s3_errors import code_of, explained
from jobs.aws.s3_listing import S3Listing, advanced, is_coded, tree_of
from jobs.errors import RekscanError
from jobs.files.base import FileEntry, Files
from jobs.files.ranges import ObjectFile, get_object

_SMALL = 16 << 20  # bytes of a file that is held in memory when all of it is read
_UPLOADS = 8  # files of a folder at once
_PARTS = TransferConfig(multipart_threshold=16 << 20, multipart_chunksize=8 << 20, max_concurrency=4)
_DELETED_AT_ONCE = 1000  # S3's own maximum
_TRIES = 5  # of a write that met another one
_THERE = frozenset(("PreconditionFailed", "412"))
_MET = frozenset(("ConditionalRequestConflict", "409"))
_UNKNOWN = frozenset(("NotImplemented", "501"))


class S3Files(Files):
    on_disk = False

    def __init__(self, aws: Aws) -> None:
        self._client = clients.s3(aws)
        self._conditional = True  # until the server says that it does not know If-None-Match

    def uri(self, path: str) -> str:
        return f"s3://{path}"

    def exists(self, path: str) -> bool:
        return self._size(path) is not None

    def read(self, path: str) -> bytes | None:
        try:
            with explained(self.uri(path), "s3:GetObject"):
                return get_object(self._client, _place(path))[1]
        except FileNotFoundError:
            return None

    def open(self, path: str, size: int | None = None) -> pa.NativeFile:
        return pa.PythonFile(self._object(path, size), mode="r")

    @contextmanager
    def whole(self, path: str) -> Iterator[pa.NativeFile]:
        with self._object(path) as opened:
            if opened.size <= _SMALL:
                memory = pa.BufferOutputStream()  # Arrow's own, so that its threads hold nothing of Python's
                memory.write(opened.read())
                yield pa.BufferReader(memory.getvalue())
                return
        with tempfile.TemporaryDirectory(prefix="rekscan-") as scratch, pa.OSFile(self.nearby(path, scratch)) as file:
            yield file

    def entries(self, folder: str, prefix: str = "") -> list[FileEntry]:
        found = [entry for entry in self._walk(folder, "/", prefix) if isinstance(entry, FileEntry)]
        return sorted((one for one in found if not one.name.startswith(".")), key=lambda one: one.path)

    def folders(self, folder: str) -> list[str]:
        names = [found.rpartition("/")[2] for found in self._walk(folder, "/") if isinstance(found, str)]
        return sorted(name for name in names if not name.startswith("."))

    def nearby(self, path: str, scratch: str) -> str:
        copy = f"{scratch}/{path.rpartition('/')[2]}"
        place = _place(path)
        with explained(self.uri(path), "s3:GetObject"), Path(copy).open("wb") as file:
            self._client.download_fileobj(place["Bucket"], place["Key"], file, Config=_PARTS)
        return copy

    def write(self, path: str, data: bytes, *, once: bool = False) -> bool:
        with explained(self.uri(path), "s3:PutObject"):
            if once and self._conditional and (new := self._put_new(path, data)) is not None:
                return new
            if once and self.exists(path):
                return False
            self._client.put_object(**_place(path), Body=data)
            return True

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile(prefix="rekscan-") as file:
            yield file
            file.seek(0)
            self._upload(file, path)

    @contextmanager
    def building(self, folder: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="rekscan-") as area:
            yield Path(area)

    def publish(self, file: Path, path: str) -> None:
        if not file.is_dir():
            self._upload_file(file, path)
            return
        self.delete_folder(path)
        children = [child for child in sorted(file.rglob("*")) if child.is_file()]
        targets = [f"{path}/{child.relative_to(file).as_posix()}" for child in children]
        with ThreadPoolExecutor(_UPLOADS) as pool:
            for _ in pool.map(self._upload_file, children, targets):
                pass  # raises what an upload raised

    def make_private(self, folder: str) -> None:
        pass

    def delete(self, path: str) -> None:
        with explained(self.uri(path), "s3:DeleteObject"):
            self._client.delete_object(**_place(path))

    def delete_folder(self, folder: str) -> None:
        paths = [entry.path for entry in self._walk(folder, None) if isinstance(entry, FileEntry)]
        for start in range(0, len(paths), _DELETED_AT_ONCE):
            some = paths[start : start + _DELETED_AT_ONCE]
            wanted = [{"Key": _place(path)["Key"]} for path in some]
            with explained(self.uri(folder), "s3:DeleteObject"):
                answer = self._client.delete_objects(
                    Bucket=_place(some[0])["Bucket"], Delete={"Objects": wanted, "Quiet": True}
                )
            for error in answer.get("Errors", []):
                raise RekscanError(
                    f"S3 does not delete {error.get('Key')}: {error.get('Code')} {error.get('Message')}",
                    "The credentials need s3:DeleteObject on the job home.",
                )

    def rename(self, path: str, to: str) -> None:
        with explained(self.uri(path), "s3:PutObject"):
            target = _place(f"{path.rpartition('/')[0]}/{to}")
            self._client.copy(_place(path), target["Bucket"], target["Key"])
        self.delete(path)

    def _object(self, path: str, size: int | None = None) -> ObjectFile:
        place = _place(path)
        return ObjectFile(self._client, place["Bucket"], place["Key"], size)

    def _size(self, path: str) -> int | None:
        try:
            with explained(self.uri(path), "s3:GetObject"):
                return int(self._client.head_object(**_place(path))["ContentLength"])
        except FileNotFoundError:
            return None

    def _put_new(self, path: str, data: bytes) -> bool | None:
        """Write an object unless it is there; whether it was written. None: the server does not know how."""
        for tries_left in reversed(range(_TRIES)):
            try:
                self._client.put_object(**_place(path), Body=data, IfNoneMatch="*")
                return True
            except ClientError as error:
                code = code_of(error)
                if code in _THERE:
                    return False
                if code in _UNKNOWN:
                    self._conditional = False
                    return None
                if code not in _MET or not tries_left:
                    raise
        raise AssertionError("unreachable")

    def _upload_file(self, file: Path, path: str) -> None:
        with file.open("rb") as source:
            self._upload(source, path)

    def _upload(self, source: IO[bytes], path: str) -> None:
        place = _place(path)
        with explained(self.uri(path), "s3:PutObject"):
            self._client.upload_fileobj(source, place["Bucket"], place["Key"], Config=_PARTS)

    def _walk(self, folder: str, delimiter: str | None, begins: str = "") -> Iterator[FileEntry | str]:
        """The objects under a folder whose names begin so; with a delimiter those in it, and its folders as texts."""
        bucket, _, key = folder.partition("/")
        prefix = f"{key}/" if key else ""
        listing = S3Listing(self._client, bucket)
        arguments: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
        more: Mapping[str, str] = {}
        while True:
            root, space = tree_of(listing.page(prefix + begins, **arguments, **more))
            plain = unquote_plus if is_coded(root, space) else str
            for one in root.iterfind(f"{space}Contents"):
                name = plain(one.findtext(f"{space}Key") or "")
                if name != prefix:  # what a console makes for an empty folder
                    yield FileEntry(f"{bucket}/{name}", int(one.findtext(f"{space}Size") or 0))
            for one in root.iterfind(f"{space}CommonPrefixes"):
                yield plain(one.findtext(f"{space}Prefix") or "").rstrip("/")
            if root.findtext(f"{space}IsTruncated") != "true":
                return
            token = root.findtext(f"{space}NextContinuationToken") or ""
            more = advanced({"ContinuationToken": token}, more, self.uri(folder))


def _place(path: str) -> dict[str, str]:
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key}
