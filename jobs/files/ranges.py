"""An S3 object as a file that is read here and there, by ranged GETs.

Rule: few requests. The first one gets the end of the object, where Parquet keeps its index and small parts are whole;
a reader that goes on where it stopped gets more each time. All of it is of one version: the first answer's ETag holds.
"""

import io
import os
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from jobs.aws.s3_errors import code_of, explained
from jobs.errors import RekscanError

TAIL = 256 * 1024  # bytes of the first request
_LEAST, _MOST = 64 * 1024, 8 * 1024 * 1024  # bytes of a request after it, beyond what was asked for
_GAP = 64 * 1024  # a reader that skips no more than this is going on
_TRIES = 4  # of a body that breaks off
_NO_BYTES = frozenset(("InvalidRange", "416"))
_OTHER = frozenset(("PreconditionFailed", "412", *_NO_BYTES))


class ObjectFile(io.RawIOBase):
    """Not for several threads at once. `size`: of the object where it is known; then nothing is asked before a read.

    Raises FileNotFoundError when there is no such object, RekscanError when S3 refuses or it was replaced meanwhile.
    """

    def __init__(self, client: Any, bucket: str, key: str, size: int | None = None) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._uri = f"s3://{bucket}/{key}"
        self._position = 0
        self._ahead = _LEAST
        self._start, self._held = 0, b""
        self._etag: str | None = None
        if size is None:
            with explained(self._uri, "s3:GetObject"):
                size = self._open()
        self.size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self.size - self._position)
        count = left if size is None or size < 0 else min(size, left)
        if count == 0:
            return b""
        if not self._start <= self._position <= self._position + count <= self._start + len(self._held):
            self._fetch(count)
        first = self._position - self._start
        self._position += count
        return self._held[first : first + count]

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _open(self) -> int:
        """Gets the end of the object and its size."""
        try:
            answer = self._get(f"bytes=-{TAIL}")
        except ClientError as error:
            if code_of(error) in _NO_BYTES:
                return 0
            raise
        size = int(str(answer.get("ContentRange", "")).rpartition("/")[2] or len(self._held))
        self._start = size - len(self._held)
        return size

    def _fetch(self, count: int) -> None:
        going_on = 0 <= self._position - (self._start + len(self._held)) <= _GAP
        self._ahead = min(self._ahead * 4, _MOST) if going_on else _LEAST
        stop = min(self.size, self._position + max(count, self._ahead))
        with explained(self._uri, "s3:GetObject"):
            try:
                self._get(f"bytes={self._position}-{stop - 1}")
            except ClientError as error:
                if code_of(error) in _OTHER:
                    raise RekscanError(f"{self._uri} was replaced while it was read", "Try again.") from error
                raise
        self._start = self._position

    def _get(self, span: str) -> dict[str, Any]:
        arguments = {"Bucket": self._bucket, "Key": self._key, "Range": span}
        if self._etag:
            arguments["IfMatch"] = self._etag
        answer, self._held = get_object(self._client, arguments)
        self._etag = answer.get("ETag")
        return answer


def get_object(client: Any, arguments: dict[str, str], most: int | None = None) -> tuple[dict[str, Any], bytes]:
    """The answer and its body, the whole or its first `most` bytes.

    botocore tries a request again; a body that breaks off, nobody but us.
    """
    for tries_left in reversed(range(_TRIES)):
        answer = client.get_object(**arguments)
        try:
            with closing(answer["Body"]) as body:
                return answer, body.read(most)
        except (HTTPClientError, IncompleteReadError):
            if not tries_left:
                raise
    raise AssertionError("unreachable")
