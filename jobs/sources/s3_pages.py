"""One page of an S3 listing as a record batch: columns cut out of the text take a few microseconds an object."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

import pyarrow as pa

from jobs.aws.s3_listing import S3Listing, advanced, is_coded, tree_of
from jobs.sources.inventory_rows import rows_of

PAGE = 1000  # keys, S3's own maximum


@dataclass(frozen=True, slots=True)
class ListedPage:
    batch: pa.RecordBatch  # ROW_SCHEMA
    last: str | None  # the last key, decoded; None when the page has no keys
    prefixes: list[str]  # CommonPrefixes, decoded
    next: dict[str, str] | None  # arguments that fetch the page after this, None at the end


class Pages:
    """Pages of one bucket. `versions`: list object versions, keep the current one's VersionId."""

    def __init__(self, client: Any, bucket: str, *, versions: bool = False) -> None:
        self._bucket = bucket
        self._versions = versions
        self._listing = S3Listing(client, bucket, versions=versions)

    def page(
        self, prefix: str, *, after: str | None = None, delimiter: str | None = None, more: dict[str, str] | None = None
    ) -> ListedPage:
        """The keys under `prefix` that come after the key `after` (not with versions).

        `more`: the `next` of the page before. Raises RekscanError when S3 refuses.
        """
        arguments: dict[str, Any] = {"OptionalObjectAttributes": ["RestoreStatus"]}
        if delimiter:
            arguments["Delimiter"] = delimiter
        if after is not None:
            arguments["StartAfter"] = after
        page = _parse(self._listing.page(prefix, **arguments, **(more or {})), self._bucket, self._versions)
        if page.next is not None:
            advanced(page.next, more, f"s3://{self._bucket}/{prefix}")
        return page


def _parse(body: bytes, bucket: str, versions: bool) -> ListedPage:
    text = body.decode("utf-8", "replace")
    columns = None if versions else _columns_of_text(text)
    if columns is not None:
        prefixes: list[str] = []
        coded = True
        more = _next_of_text(text)
    else:
        root, space = tree_of(body)
        coded = is_coded(root, space)
        columns = _columns_of_tree(root, space, versions)
        prefixes = [e.findtext(f"{space}Prefix") or "" for e in root.iter(f"{space}CommonPrefixes")]
        prefixes = [unquote_plus(prefix) for prefix in prefixes] if coded else prefixes
        more = _next_of_tree(root, space, versions, coded)
    keys = columns["key"]
    last = (unquote_plus(keys[-1]) if coded else keys[-1]) if keys else None
    table = pa.table({"bucket": [bucket] * len(keys), **columns}, schema=_schema(columns))
    return ListedPage(rows_of(table, encoded=coded), last, prefixes, more)


def _schema(columns: dict[str, list[str]]) -> pa.Schema:
    return pa.schema([pa.field(name, pa.string()) for name in ("bucket", *columns)])


# The way nearly every page goes: each column by one search over the text. Only when the counts agree, and nothing is
# in the answer that could shift them, do the columns belong together; anything else is read as a tree.
_COLUMNS = {
    "key": re.compile(r"<Key>([^<]*)</Key>"),
    "size": re.compile(r"<Size>(\d+)</Size>"),
    "lastmodifieddate": re.compile(r"<LastModified>([^<]*)</LastModified>"),
    "etag": re.compile(r"<ETag>([^<]*)</ETag>"),
    "storageclass": re.compile(r"<StorageClass>([^<]*)</StorageClass>"),
}
_UNUSUAL = ("<CommonPrefixes>", "<RestoreStatus>", "<!")
_TOKEN = re.compile(r"<NextContinuationToken>([^<]*)</NextContinuationToken>")


def _columns_of_text(text: str) -> dict[str, list[str]] | None:
    if "<EncodingType>url</EncodingType>" not in text or any(mark in text for mark in _UNUSUAL):
        return None
    text = text.replace("&quot;", '"')
    found = {name: pattern.findall(text) for name, pattern in _COLUMNS.items()}
    count = text.count("<Contents>")
    if any(len(values) != count for values in found.values()):
        return None
    return found


def _next_of_text(text: str) -> dict[str, str] | None:
    if "<IsTruncated>true</IsTruncated>" not in text:
        return None
    token = _TOKEN.search(text)
    return {"ContinuationToken": unescape(token[1]) if token else ""}


def _columns_of_tree(root: ElementTree.Element, space: str, versions: bool) -> dict[str, list[str]]:
    names = {
        "key": "Key", "size": "Size", "lastmodifieddate": "LastModified", "etag": "ETag",
        "storageclass": "StorageClass", "versionid": "VersionId", "islatest": "IsLatest",
    }  # fmt: skip
    columns: dict[str, list[str]] = {name: [] for name in names if versions or name not in ("versionid", "islatest")}
    for element in root.iterfind(f"{space}Version" if versions else f"{space}Contents"):
        for name, values in columns.items():
            values.append(element.findtext(f"{space}{names[name]}") or "")
        if element.find(f"{space}RestoreStatus/{space}RestoreExpiryDate") is not None:
            columns["storageclass"][-1] = "RESTORED"  # readable again, for now
    return columns


def _next_of_tree(root: ElementTree.Element, space: str, versions: bool, coded: bool) -> dict[str, str] | None:
    if root.findtext(f"{space}IsTruncated") != "true":
        return None
    if not versions:
        return {"ContinuationToken": root.findtext(f"{space}NextContinuationToken") or ""}
    marker = root.findtext(f"{space}NextKeyMarker") or ""
    # Some servers encode the keys but not the marker (moto does not; S3 encodes both).
    if coded and marker not in {unquote_plus(element.text or "") for element in root.iter(f"{space}Key")}:
        marker = unquote_plus(marker)
    version = root.findtext(f"{space}NextVersionIdMarker")
    return {"KeyMarker": marker, **({"VersionIdMarker": version} if version else {})}
