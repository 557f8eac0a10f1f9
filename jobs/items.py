"""An item: one file or object of a source, as the manifest keeps it, or one frame of a film.

Rule: every file of a source becomes exactly one item, and with --frames each chosen frame of a film one more. One that
cannot be scanned carries the reason in `skip`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["image", "frame", "video", "other"]
PICTURES: tuple[Kind, ...] = ("image", "frame")  # what APIs for pictures are asked about


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the manifest.

    `uri`: an absolute local path, `s3://bucket/key` with the key as it is (not percent-encoded), or an http(s) URL.
    A path that is not valid UTF-8 stands as a percent-encoded `file:///` URI, which no plain path can be mistaken for.
    A frame's is its film's and the moment: `film.mp4#t=12.000`; its etag and version are the film's, it has no size.
    `skip`: why the item is never sent (`hidden`, `not-media`, `unreadable: ...`, `archived: GLACIER`, ...), else None.
    """

    item_id: int  # position in the manifest, from 0
    uri: str  # path or URI, with all it takes to fetch it: only here may it carry a secret
    kind: Kind  # what its name or content says it is; a frame is a picture out of a film
    size: int | None = None  # bytes
    etag: str | None = None  # S3, without quotes
    version: str | None = None  # S3 VersionId
    modified: datetime | None = None  # aware, UTC
    skip: str | None = None  # why it is never sent
