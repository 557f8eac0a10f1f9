"""From an item to what is put into `Image=`: an S3 object, the original bytes, or mended bytes.

Rule: `prepare` never raises for a bad item; it gives a Prepared to be released or a Skip. Nothing is downloaded that
can go as S3Object, nothing is decoded that can go as it is, nothing is read twice for calls that run close together.
"""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.apis.base import Limits
from jobs.aws.lean.s3_spans import SpanReader
from jobs.byte_cache import Store
from jobs.codes import Code
from jobs.formats.names import extension
from jobs.items import Item
from jobs.media.check import Fit, Send, Skip, verdict
from jobs.media.fitted import Fitted
from jobs.media.header import Header
from jobs.media.origins import Loaded, foreseen, load_local, load_s3, load_s3_head
from jobs.media.pool import DecoderPool
from jobs.media.prepared import Prepared, as_bytes, as_fitted, as_object
from jobs.media.web import Web
from jobs.uris import is_arn, is_local, path_of, split_s3

_TRUSTED = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png"}  # extensions believed with peek=False
_FACTS = 1000  # originals whose headers are remembered
_FRAME = 1 << 20  # bytes kept free for a frame of a film
_SPARE = 64 << 20  # bytes of pictures kept at most for calls that may yet come

MAX_INFLIGHT_BYTES = 256 * 1024**2

Kept = Loaded | Fitted | Skip


def new_store(max_inflight_bytes: int = MAX_INFLIGHT_BYTES) -> "Store[Kept]":
    """A bounded store of pictures, for the preparers of one process to share."""
    return Store(max_inflight_bytes, _weight, _lasting, spare=min(_SPARE, max_inflight_bytes // 2))


class Preparer:
    """One per process, shared by its threads.

    `region`: Rekognition's Region; an object in a bucket of another Region is sent as bytes (None: not compared).
    `aws`: S3 is AWS's own, where an ETag tells a content.
    `fit`: mending allowed. `peek`: look into S3 objects before sending them; else .jpg, .jpeg, .png are believed.
    `objects`: Rekognition may read S3 itself; it has no way to say that the requester pays.
    `web`: downloads, and where from (by default from public addresses alone).
    `frames`: takes a frame out of its film, for jobs that ask about some.
    `store`: bounds the bytes of pictures held at once; `prepare` waits while its cap is reached. Preparers of one
    process may share one; `scope` then tells their sources apart (the S3 endpoint). A thread must release what it holds
    before it prepares the next picture, or two may wait for each other.
    """

    def __init__(
        self,
        pool: DecoderPool,
        s3_client_factory: Callable[[], Any],
        *,
        web: Web | None = None,
        max_inflight_bytes: int = MAX_INFLIGHT_BYTES,
        store: "Store[Kept] | None" = None,
        scope: str = "",
        aws: bool = True,
        region: str | None = None,
        fit: bool = True,
        peek: bool = True,
        objects: bool = True,
        frames: Callable[[Item], Loaded | Skip] | None = None,
    ) -> None:
        self._pool = pool
        self._factory = s3_client_factory
        self._web = web or Web()
        self._region = region
        self._fit = fit
        self._peek = peek
        self._objects = objects
        self._frames = frames
        self._store = store or new_store(max_inflight_bytes)
        self._scope = scope
        self._aws = aws
        self._facts: dict[Any, Loaded] = {}
        self._lock = threading.Lock()
        self._s3: Any = None
        self._reader: SpanReader | None = None
        self._regions: dict[str, str | None] = {}  # bucket -> its Region, as far as we can tell

    @property
    def inflight_bytes(self) -> int:
        """Bytes of pictures held now."""
        return self._store.used

    def prepare(
        self, item: Item, limits: Limits, *, s3_allowed: bool, as_object: bool | None = None
    ) -> Prepared | Skip:
        """What to send for `item` to an API with `limits`. `s3_allowed`: the API may be given an S3Object. `as_object`:
        whether it goes to where its bucket is; None: it goes to Rekognition's Region.
        """
        if item.skip:
            return Skip(item.skip.partition(":")[0], item.skip)
        if item.kind == "frame":
            assert self._frames is not None  # a job with frames has it
            take = self._frames
            return self._as_bytes(item, limits, lambda: take(item))
        if item.uri.startswith("s3://"):
            near = self._is_near(split_s3(item.uri)[0]) if as_object is None else as_object
            if s3_allowed and self._objects and near:
                ready = self._as_object(item, limits)
                if ready is not None:
                    return ready
            return self._as_bytes(item, limits, lambda: load_s3(item, self._client(), aws=self._aws))
        if is_local(item.uri):
            return self._as_bytes(item, limits, lambda: load_local(item))
        return self._as_bytes(item, limits, lambda: self._web.load(item))

    def may_block(self, item: Item, limits: Limits) -> bool:
        """False: `prepare` with `s3_allowed` gives this item, or says why not, without reading anything."""
        if item.skip:
            return False
        if not self._objects or item.kind == "frame":
            return True
        known_near = item.uri.startswith("s3://") and self._known_near(split_s3(item.uri)[0])
        return not (known_near and self._believed(item, limits))

    # --- ways

    def _as_object(self, item: Item, limits: Limits) -> Prepared | Skip | None:
        """The item as S3Object; None when it has to be fetched and mended."""
        if believed := self._believed(item, limits):
            assert item.size is not None
            content = f"etag:{item.etag}:{item.size}" if item.etag and self._aws else None
            return as_object(item, Header(believed), item.size, content)
        with self._beginning(item) as head:
            if isinstance(head, Skip):
                return head
            assert isinstance(head, Loaded)
            decision = verdict(head.header, head.size, limits, via="s3", fit=self._fit)
            if isinstance(decision, Skip):
                return decision
            return as_object(item, head.header, head.size, head.content) if isinstance(decision, Send) else None

    def _believed(self, item: Item, limits: Limits) -> str | None:
        """The format of an object that can go unseen."""
        if self._peek or item.size is None or not 0 < item.size <= limits.max_s3_bytes:
            return None
        return _TRUSTED.get(extension(item.uri))

    def _as_bytes(self, item: Item, limits: Limits, load: Callable[[], Loaded | Skip]) -> Prepared | Skip:
        key, size = self._key(item)
        with ExitStack() as held:
            # Kept to the end of this block, so that mending finds the original there.
            facts: Kept = self._facts.get(key) or held.enter_context(self._store.get(key, load, size=size))
            if isinstance(facts, Skip):
                return facts
            assert isinstance(facts, Loaded)
            self._remember(key, facts)
            decision = verdict(facts.header, facts.size, limits, via="bytes", fit=self._fit)
            if isinstance(decision, Skip):
                return decision
            if facts.cut:
                return Skip(Code.UNREADABLE, "it could not be read to its end", facts.header.format)
            if isinstance(decision, Fit):
                name = (*key, decision.steps, limits.max_bytes, limits.min_side, limits.max_side)
                with ExitStack() as result:
                    mended = result.enter_context(
                        self._store.get(name, lambda: self._mend(key, load, size, limits, decision))
                    )
                    if isinstance(mended, Skip):
                        return mended
                    assert isinstance(mended, Fitted)
                    if mended.data and self._fit:
                        return as_fitted(facts, mended, result.pop_all())
            with ExitStack() as reading:
                original = reading.enter_context(self._store.get(key, load, size=size))
                if isinstance(original, Skip):
                    return original
                assert isinstance(original, Loaded)
                return as_bytes(original, reading.pop_all())

    def _mend(
        self, key: tuple[Any, ...], load: Callable[[], Loaded | Skip], size: int, limits: Limits, decision: Fit
    ) -> Kept:
        with self._store.get(key, load, size=size) as original:
            if isinstance(original, Skip):
                return original
            assert isinstance(original, Loaded) and original.data is not None and original.header.format is not None
            return self._pool.mend(original.data, original.header.format, limits, only_verify=decision.only_verify)

    def _beginning(self, item: Item) -> AbstractContextManager[Kept]:
        return self._store.get((self._scope, item.uri, item.version, item.etag, "head"), lambda: self._head(item))

    def _head(self, item: Item) -> Kept:
        client = self._client()
        head = load_s3_head(item, client, self._reader or SpanReader(client), aws=self._aws)
        return head if isinstance(head, Skip) else replace(head, data=None)  # small ones come whole

    # --- what we know of the place

    def _key(self, item: Item) -> tuple[tuple[Any, ...], int]:
        """What tells this original from any other, and the bytes it is expected to hold."""
        if item.kind == "frame":
            return (self._scope, item.uri, item.version, item.etag, item.item_id), _FRAME
        if is_local(item.uri):
            try:
                state = os.stat(path_of(item.uri))  # noqa: PTH116  bytes path
            except OSError:
                return (item.uri,), 0
            return (item.uri, state.st_size, state.st_mtime_ns), state.st_size
        return (self._scope, item.uri, item.version, item.etag), foreseen(item)

    def _remember(self, key: tuple[Any, ...], found: Loaded) -> None:
        """Keep what the header says, so that the next API need not read the original to decide."""
        with self._lock:
            self._facts[key] = replace(found, data=None)
            while len(self._facts) > _FACTS:
                self._facts.pop(next(iter(self._facts)))

    def _client(self) -> Any:
        with self._lock:
            if self._s3 is None:
                self._s3 = self._factory()
                self._reader = SpanReader(self._s3)
            return self._s3

    def _known_near(self, bucket: str) -> bool:
        if is_arn(bucket) or self._region is None:
            return not is_arn(bucket)
        return bucket in self._regions and self._regions[bucket] in (None, self._region)

    def _is_near(self, bucket: str) -> bool:
        if is_arn(bucket):
            return False
        if self._region is None:
            return True
        return self._region_of(bucket) in (None, self._region)

    def bucket_region(self, item: Item) -> str | None:
        """Where an object of S3 lies that Rekognition may read itself: its bucket's Region; None where it may not, or
        nobody says where that is."""
        bucket = split_s3(item.uri)[0]
        return None if is_arn(bucket) or not self._objects or item.kind == "frame" else self._region_of(bucket)

    def stays(self, item: Item, limits: Limits) -> bool:
        """Whether an object of S3 is within the limits of an S3Object alone, so that its bytes would be mended or not
        sent. Reads its beginning where no listing told its size."""
        size = item.size if item.size is not None or item.skip else self._seen_size(item)
        return size is not None and limits.max_bytes < size <= limits.max_s3_bytes

    def _seen_size(self, item: Item) -> int | None:
        with self._beginning(item) as head:
            return head.size if isinstance(head, Loaded) else None

    def _region_of(self, bucket: str) -> str | None:
        if bucket not in self._regions:
            self._regions[bucket] = self._asked_region(bucket)
        return self._regions[bucket]

    def _asked_region(self, bucket: str) -> str | None:
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


def _lasting(kept: Kept) -> bool:
    """What may be told to the next caller too; trouble in reading may have passed by then."""
    return not (isinstance(kept, Skip) and kept.reason in (Code.UNREADABLE, Code.CHANGED, Code.ARCHIVED))


def _weight(kept: Kept) -> int:
    if isinstance(kept, Loaded):
        return kept.weight
    return len(kept.data) if isinstance(kept, Fitted) else 0


__all__ = ["Kept", "Prepared", "Preparer", "new_store"]
