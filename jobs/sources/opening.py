"""From what the user typed to a stream of numbered rows.

Rule: what a source is follows from its text alone (and from whether it is a directory): an extension makes a list, a
manifest.json an inventory.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from jobs.errors import UsageError
from jobs.item_rows import from_batch
from jobs.items import Item
from jobs.sources.directory import Directory
from jobs.sources.globs import EVERYTHING, Globs
from jobs.sources.inventory import Inventory
from jobs.sources.left_out import BY_PRODUCT_NAMES, is_job_folder, is_left_out, leave_out
from jobs.sources.lists import EXTENSIONS, ListFile, is_manifest
from jobs.sources.rows import numbered
from jobs.sources.s3 import S3ClientFactory, S3Prefix
from jobs.uris import is_arn, own, path_of, split_s3, uri_of

_LOOK = 4096  # bytes of a file that may be a manifest
REMEMBERED = 1_000_000  # URIs remembered to drop repeats of list files; about 100 MB


class Source(Protocol):
    @property
    def uri(self) -> str: ...

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows in batches of ROW_SCHEMA (the manifest without `item_id`)."""
        ...


def open_source(
    text: str,
    *,
    s3_client_factory: S3ClientFactory,
    versions: bool = False,
    column: str | None = None,
    globs: Globs = EVERYTHING,
) -> Source:
    """The source that `text` names.

    `s3://bucket/prefix`; `s3://.../manifest.json` or a local `manifest.json` (S3 Inventory); a local or S3
    `.txt .csv .tsv .jsonl .ndjson .parquet` (a list, with `#column` or `column` choosing its column); `-` (a list on
    stdin); any other path (a directory, or one file). `versions`: keep each object's VersionId. `globs`: folders on
    disk that they exclude are not entered.
    Raises UsageError for a text that names nothing.
    """
    if not text.strip():
        raise UsageError("a source without a name", "Give a directory, s3://bucket/prefix, or a list file.")
    text = f"s3://{text}" if is_arn(text) else text
    plain, _, chosen = text.rpartition("#") if _has_column(text) else (text, "", "")
    chosen = chosen or column or ""
    if text == "-" or _list_extension(plain):
        return ListFile(plain, chosen or None, s3_client_factory)
    if text.startswith("s3://"):
        try:
            bucket, key = split_s3(text)
        except ValueError:
            do = "Write s3://bucket, s3://bucket/prefix, or an access point's ARN in place of the bucket."
            raise UsageError(f"{text!r} names no bucket", do) from None
        if key.endswith("/manifest.json") or key == "manifest.json":
            return Inventory(text, s3_client_factory)
        return S3Prefix(text, bucket, key, s3_client_factory, versions=versions)
    if "://" in text and not text.startswith("file:///"):
        raise UsageError(
            f"{text!r} is not a source", "Give a directory, s3://bucket/prefix, or a list file of http(s) URLs."
        )
    path = path_of(text) if text.startswith("file:///") else os.fsencode(own(text))
    if _is_manifest(path):
        return ListFile(os.fsdecode(path), column, s3_client_factory)
    if os.path.basename(path) == b"manifest.json":  # noqa: PTH119  bytes path
        return Inventory(uri_of(path), s3_client_factory)
    return Directory(uri_of(path), globs)


def enumerate_batches(
    sources: Sequence[str],
    *,
    s3_client_factory: S3ClientFactory,
    start_id: int = 0,
    versions: bool = False,
    column: str | None = None,
    globs: Globs = EVERYTHING,
) -> Iterator[pa.RecordBatch]:
    """All rows of `sources`, one after the other, as batches of MANIFEST_SCHEMA with `item_id` from `start_id`.

    Repeats: a directory or prefix inside another of `sources` is read once. When a list file is among the sources, a
    URI seen before is dropped, as long as REMEMBERED URIs are not exceeded (beyond, repeats stay and cost nothing
    twice, because known content is not paid again).

    What is left out (our own output, what systems leave behind, what `globs` exclude) are rows with a reason to skip.
    """
    opened = [
        open_source(s, s3_client_factory=s3_client_factory, versions=versions, column=column, globs=globs)
        for s in sources
    ]
    kept = _without_nested(opened)
    rows: Iterator[pa.RecordBatch] = (batch for source in kept for batch in _wanted(source, globs))
    if any(isinstance(source, ListFile | Inventory) for source in kept) and (
        len(kept) > 1 or isinstance(kept[0], ListFile)
    ):
        rows = _without_repeats(rows)
    yield from numbered(rows, start_id)


def enumerate_sources(
    sources: Sequence[str],
    *,
    s3_client_factory: S3ClientFactory,
    start_id: int = 0,
    versions: bool = False,
    column: str | None = None,
    globs: Globs = EVERYTHING,
) -> Iterator[Item]:
    """`enumerate_batches`, an Item at a time. Slower: prefer batches where a million items pass."""
    for batch in enumerate_batches(
        sources, s3_client_factory=s3_client_factory, start_id=start_id, versions=versions, column=column, globs=globs
    ):
        yield from from_batch(batch)


def _wanted(source: Source, globs: Globs) -> Iterator[pa.RecordBatch]:
    """The rows of a source, with what is left out marked; a walk of a directory leaves out its folders itself."""
    base = _base(source)
    for batch in source.batches():
        yield globs.apply(batch if isinstance(source, Directory) else leave_out(batch, base), base)


def _base(source: Source) -> str:
    """Where the paths inside a source begin; it ends in a slash."""
    if isinstance(source, Directory):
        path = path_of(source.uri)
        return uri_of(path if os.path.isdir(path) else os.path.dirname(path)).rstrip("/") + "/"  # noqa: PTH112, PTH120
    if isinstance(source, S3Prefix):
        return f"s3://{source.bucket}/{source.prefix[: source.prefix.rfind('/') + 1]}"
    if isinstance(source, ListFile):
        folder = source.base()
        return folder if isinstance(folder, str) else uri_of(folder).rstrip("/") + "/"
    return "/"


def is_list(text: str) -> bool:
    """Whether the source that `text` names is a list of URIs."""
    return isinstance(open_source(text, s3_client_factory=lambda: None), ListFile)


def _is_manifest(path: bytes) -> bool:
    """Whether a local file is a manifest of Ground Truth or Bulk Analysis, whatever it is called."""
    try:
        if not os.path.isfile(path):  # noqa: PTH113  a bytes path
            return False
        with open(path, "rb") as file:  # noqa: PTH123  as above
            return is_manifest(file.read(_LOOK))
    except OSError:
        return False


def _has_column(text: str) -> bool:
    return "#" in text and bool(_list_extension(text.rpartition("#")[0])) and not _list_extension(text)


def _list_extension(text: str) -> str | None:
    ext = text.rpartition(".")[2].lower() if "." in text else ""
    if ext not in EXTENSIONS or text.endswith("/"):
        return None
    return None if not text.startswith("s3://") and Path(text).is_dir() else ext


def _without_nested(sources: list[Source]) -> list[Source]:
    """Drops a directory or prefix that another one of the list holds in full, and repeats."""
    paths = {path_of(source.uri) for source in sources if isinstance(source, Directory)}
    prefixes = {(source.bucket, source.prefix) for source in sources if isinstance(source, S3Prefix)}
    kept: dict[object, Source] = {}
    for source in sources:
        name: object = source
        if isinstance(source, Directory):
            covered = _below_one_of(paths, path_of(source.uri))
        elif isinstance(source, S3Prefix):
            name = (source.bucket, source.prefix)  # s3://b and s3://b/ are one
            covered = any(
                (source.bucket, source.prefix[:end]) in prefixes and not is_left_out(source.prefix[end:])
                for end in range(len(source.prefix))
            )
        else:
            covered = False
        if not covered:
            kept.setdefault(name, source)
    return list(kept.values())


def _below_one_of(paths: set[bytes], path: bytes) -> bool:
    """Whether the walk of a directory among `paths` comes by `path`."""
    while True:
        parent, name = os.path.split(path)
        # A part that is not walked stands for itself.
        if name.startswith(b".") or name in BY_PRODUCT_NAMES or parent == path or _is_own(path):
            return False
        if parent in paths and os.path.isdir(parent):  # noqa: PTH112  a bytes path
            return True
        path = parent


def _is_own(path: bytes) -> bool:
    """Whether a walk takes the directory for a job of ours."""
    if not os.path.isdir(os.path.join(path, b"manifest")):  # noqa: PTH112, PTH118  a bytes path
        return False
    return is_job_folder(os.path.basename(path), os.listdir(path), [b"manifest"])  # noqa: PTH119, PTH208


def _without_repeats(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    seen: set[bytes] = set()
    digest: Callable[..., hashlib.blake2b] = hashlib.blake2b
    for batch in batches:
        fresh: list[bool] = []
        for uri in batch.column("uri").to_pylist():
            # 16 bytes, not the built-in hash: dropping a picture because of a collision must not happen.
            key = digest(uri.encode(), digest_size=16).digest()
            fresh.append(key not in seen)
            if len(seen) < REMEMBERED:
                seen.add(key)
        yield batch if all(fresh) else batch.filter(pa.array(fresh))
