"""How many pictures of one listing may be in another too: what two jobs that run at once would both pay for.

Rule: never too few. AWS's S3 tells an object's content; of anything else what has as many bytes may be equal, and a
URL, of which nothing is known unread, may be equal to all that is not on AWS's S3. Constant memory, as in `buckets.py`.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow.dataset as ds

from jobs.files import ParquetFiles
from jobs.items import PICTURES
from jobs.known.buckets import ROWS, Buckets, Records, names_of

_COLUMNS = ("kind", "size", "etag", "skip")
_TOLD, _SIZED, _UNKNOWN = range(3)  # how much a listing says of a picture: its content, its size, nothing


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing. `etags`: they say what an object is, as those of AWS's S3 do."""

    rows: ParquetFiles
    etags: bool


def in_both(mine: Listed, other: Listed) -> int:
    """How many of my pictures the other one may have."""
    equal = np.zeros(3, np.int64)  # mine that have the name of one of the other's
    totals = np.zeros((2, 3), np.int64)
    with Buckets() as buckets:
        for side, listed in enumerate((mine, other)):
            _add(buckets, listed, side)
        for _, _, records in buckets.each():
            sides = [records[records["side"] == side] for side in (0, 1)] if len(records) else []
            for side, found in enumerate(sides):
                totals[side] += _by_kind(found)
            equal += _by_kind(sides[0][np.isin(sides[0]["name"], sides[1]["name"])]) if sides else 0
    (_, sized, unknown), others = totals[0], int(totals[1, _SIZED:].sum())
    if totals[1, _UNKNOWN]:
        return int(equal[_TOLD] + sized + unknown)
    return int(equal[_TOLD] + equal[_SIZED] + (unknown if others else 0))


def _by_kind(records: Records) -> np.ndarray:
    return np.bincount(records["says"], minlength=3)


def _add(buckets: Buckets, listed: Listed, side: int) -> None:
    image = ds.field("kind").isin(PICTURES) & ds.field("skip").is_null()
    for batch in listed.rows.batches(list(_COLUMNS), image, rows=ROWS):
        etags, sizes = batch.column("etag").to_pylist(), batch.column("size").to_pylist()
        said = [_said(etag if listed.etags else None, size) for etag, size in zip(etags, sizes, strict=True)]
        buckets.add(
            names_of(name for _, name in said), side=np.int8(side), says=np.array([says for says, _ in said], np.int8)
        )


def _said(etag: str | None, size: int | None) -> tuple[int, str]:
    if not size:
        return _UNKNOWN, ""
    return (_TOLD, f"etag:{etag}:{size}") if etag else (_SIZED, f"size:{size}")
