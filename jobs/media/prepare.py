"""From an item to what is put into `Image=`: an S3 object, the original bytes, or mended bytes.

Rule: `prepare` never raises for a bad item; it gives a Prepared to be released or a Skip. Nothing is downloaded that
can go as S3Object, nothing is decoded that can go as it is, nothing is read twice for calls that run close together.
"""

import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from jobs.apis.base import Limits
from jobs.items import Item
from jobs.media.check import Fit, Send, Skip, verdict
from jobs.media.fitted import Fitted
from jobs.media.header import Header
from jobs.media.origins import Loaded, load_local, load_s3, load_web
from jobs.media.pool import DecoderPool
from jobs.media.store import Store
from jobs.sources.kinds import extension
from jobs.sources.uris import is_local, path_of, split_s3

_TRUSTED = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png"}  # extensions believed with peek=False
_UNKNOWN_SIZE = 8 << 20  # bytes reserved for an original whose size nobody told

Kept = Loaded | Fitted | Skip


@dataclass(slots=True)
class Prepared:
    """A picture ready to be sent. Use it as a context manager, or call `release` once, when the call is over."""

    image: dict[str, Any]  # {"Bytes": ...} or {"S3Object": {"Bucket", "Name", "Version"?}}
    sent: Literal["s3", "bytes", "fitted"]
    fit: str | None  # what was done to it
    format: str | None  # of the original, sniffed
    width: int | None  # pixels of the upright picture as sent
    height: int | None
    content: str | None  # of the original: "sha256:<hex>" or "etag:<etag>:<size>"
    size: int  # bytes sent; of an S3 object, its size
    _held: ExitStack = field(default_factory=ExitStack, repr=False)

    def release(self) -> None:
        """The bytes are no longer needed by this call. Further calls of release do nothing."""
        self._held.close()

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Preparer:
    """One per process, shared by its threads.

    `region`: Rekognition's Region; an object in a bucket of another Region is sent as bytes (None: not compared).
    `fit`: mending allowed. `peek`: look into S3 objects before sending them; else .jpg, .jpeg, .png are believed.
    `max_inflight_bytes`: of pictures held at once; `prepare` waits while it is reached. A thread must release what it
    holds before it prepares the next picture, or two may wait for each other.
    """

    def __init__(
        self,
        pool: DecoderPool,
        s3_client_factory: Callable[[], Any],
        *,
        http: urllib3.PoolManager | None = None,
        max_inflight_bytes: int = 256 * 1024**2,
        region: str | None = None,
        fit: bool = True,
        peek: bool = True,
    ) -> None:
        self._pool = pool
        self._factory = s3_client_factory
        self._http = http or urllib3.PoolManager(
            retries=urllib3.Retry(3, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), raise_on_status=False),
            timeout=urllib3.Timeout(connect=10, read=60),
        )
        self._region = region
        self._fit = fit
        self._peek = peek
        self._store: Store[Kept] = Store(max_inflight_bytes, _weight, _lasting)
        self._lock = threading.Lock()
        self._s3: Any = None
        self._near: dict[str, bool] = {}  # bucket -> in Rekognition's Region, as far as we can tell

    @property
    def inflight_bytes(self) -> int:
        """Bytes of pictures held now."""
        return self._store.used

    def prepare(self, item: Item, limits: Limits, *, s3_allowed: bool) -> Prepared | Skip:
        """What to send for `item` to an API with `limits`. `s3_allowed`: the API may be given an S3Object."""
        if item.skip:
            return Skip(item.skip.partition(":")[0], item.skip)
        if item.uri.startswith("s3://"):
            if s3_allowed and self._is_near(split_s3(item.uri)[0]):
                ready = self._as_object(item, limits)
                if ready is not None:
                    return ready
            return self._as_bytes(item, limits, lambda: load_s3(item, self._client(), whole=True))
        if is_local(item.uri):
            return self._as_bytes(item, limits, lambda: load_local(item))
        return self._as_bytes(item, limits, lambda: load_web(item, self._http))

    # --- ways

    def _as_object(self, item: Item, limits: Limits) -> Prepared | Skip | None:
        """The item as S3Object; None when it has to be fetched and mended."""
        believed = _TRUSTED.get(extension(item.uri))
        if not self._peek and believed and item.size is not None and 0 < item.size <= limits.max_s3_bytes:
            content = f"etag:{item.etag}:{item.size}" if item.etag else None
            return _object(item, Header(believed), item.size, content)
        with self._store.get((item.uri, item.version, item.etag, "head"), lambda: self._head(item)) as head:
            if isinstance(head, Skip):
                return head
            assert isinstance(head, Loaded)
            decision = verdict(head.header, head.size, limits, via="s3", fit=self._fit)
            if isinstance(decision, Skip):
                return decision
            return _object(item, head.header, head.size, head.content) if isinstance(decision, Send) else None

    def _as_bytes(self, item: Item, limits: Limits, load: Callable[[], Loaded | Skip]) -> Prepared | Skip:
        key = (item.uri, item.version, item.etag)
        with ExitStack() as held, ExitStack() as reading:
            original = reading.enter_context(self._store.get(key, load, size=self._expected(item)))
            if isinstance(original, Skip):
                return original
            assert isinstance(original, Loaded)
            decision = verdict(original.header, original.size, limits, via="bytes", fit=self._fit)
            if isinstance(decision, Skip):
                return decision
            if original.data is None:
                return Skip("unreadable", "it could not be read to its end", original.header.format)
            if isinstance(decision, Send):
                return _bytes(original, reading.pop_all())
            name = (*key, decision.steps, _class(limits))
            mended = held.enter_context(self._store.get(name, lambda: self._mend(original, limits, decision)))
            if isinstance(mended, Skip):
                return mended
            assert isinstance(mended, Fitted)
            if decision.only_verify:
                return _bytes(original, reading.pop_all())
            return _fitted(original, mended, held.pop_all())

    def _mend(self, original: Loaded, limits: Limits, decision: Fit) -> Kept:
        assert original.data is not None and original.header.format is not None
        return self._pool.mend(original.data, original.header.format, limits, only_verify=decision.only_verify)

    def _head(self, item: Item) -> Kept:
        return load_s3(item, self._client(), whole=False)

    # --- what we know of the place

    def _expected(self, item: Item) -> int:
        if is_local(item.uri):
            try:
                return os.stat(path_of(item.uri)).st_size  # noqa: PTH116  bytes path
            except OSError:
                return 0
        return item.size if item.size is not None else _UNKNOWN_SIZE

    def _client(self) -> Any:
        with self._lock:
            if self._s3 is None:
                self._s3 = self._factory()
            return self._s3

    def _is_near(self, bucket: str) -> bool:
        if self._region is None:
            return True
        known = self._near.get(bucket)
        if known is None:
            there = self._bucket_region(bucket)
            known = self._near[bucket] = there is None or there == self._region
        return known

    def _bucket_region(self, bucket: str) -> str | None:
        """The bucket's Region; None when S3 does not tell, as servers other than AWS."""
        try:
            answer = self._client().head_bucket(Bucket=bucket)
        except ClientError as error:
            answer = error.response
        except BotoCoreError:
            return None
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
        return str(found) if found else None


def _class(limits: Limits) -> tuple[int, int, int | None]:
    return (limits.max_bytes, limits.min_side, limits.max_side)


def _lasting(kept: Kept) -> bool:
    """What may be told to the next caller too; trouble in reading may have passed by then."""
    return not (isinstance(kept, Skip) and kept.reason in ("unreadable", "changed", "archived"))


def _weight(kept: Kept) -> int:
    if isinstance(kept, Loaded):
        return kept.weight
    return len(kept.data) if isinstance(kept, Fitted) else 0


def _object(item: Item, head: Header, size: int, content: str | None) -> Prepared:
    bucket, key = split_s3(item.uri)
    place = {"Bucket": bucket, "Name": key, **({"Version": item.version} if item.version else {})}
    width, height = head.upright or (None, None)
    return Prepared({"S3Object": place}, "s3", None, head.format, width, height, content, size)


def _bytes(original: Loaded, held: ExitStack) -> Prepared:
    assert original.data is not None
    width, height = original.header.upright or (None, None)
    return Prepared(
        {"Bytes": original.data},
        "bytes",
        None,
        original.header.format,
        width,
        height,
        original.content,
        len(original.data),
        held,
    )


def _fitted(original: Loaded, mended: Fitted, held: ExitStack) -> Prepared:
    return Prepared(
        {"Bytes": mended.data},
        "fitted",
        mended.fit,
        original.header.format,
        mended.width,
        mended.height,
        original.content,
        len(mended.data),
        held,
    )
