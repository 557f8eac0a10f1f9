"""What the tables of a job are called and which columns they have.

Rule: columns are declared here and in the catalogue, never guessed from data, so an empty job has the same columns as
a full one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from jobs.apis import catalogue, video_catalogue
from jobs.apis.base import Api, Tabled, VideoApi

IMAGES = "images"
VIDEOS = "videos"
FAILURES = "failures"
COSTS = "costs"


def _field(name: str, type_: pa.DataType, doc: str, aws: str = "") -> pa.Field:
    return pa.field(name, type_, metadata={"doc": doc, "aws": aws})


KEY_FIELDS = (
    _field("item_id", pa.int64(), "Number of the item in the job's manifest, from 0; joins the tables"),
    _field("uri", pa.string(), "Where the item is: a path, s3://bucket/key or an http(s) URL without its secrets"),
)
FRAME_FIELDS = (
    _field("video", pa.string(), "With --frames: the film that a frame is of; null: a picture of its own"),
    _field("timestamp_ms", pa.int64(), "With --frames: milliseconds from the film's beginning to the frame"),
)
NEAR_FIELDS = (
    _field("answer_of", pa.int64(), "With --near: item_id of the picture whose answers it has; null: it has its own"),
    _field("distance", pa.int32(), "With --near: bits of 64 in which the hashes of the two differ"),
)
PLACE_FIELDS = (
    _field("region", pa.string(), "With --regions or --profile a,b: the Region that answered; several joined by '; '"),
    _field("account", pa.string(), "The same: the AWS account that was asked and pays"),
)
_IMAGE_FIELDS = (
    _field("kind", pa.string(), "image, frame (of a film), video or other"),
    _field("size", pa.int64(), "Bytes"),
    _field("format", pa.string(), "Sniffed from the content: jpeg, png, webp, ..."),
    _field("width", pa.int32(), "Pixels of the upright picture as sent"),
    _field("height", pa.int32(), "Pixels of the upright picture as sent"),
    _field(
        "status",
        pa.string(),
        "ok: every API asked answered; partial: some did; failed; skipped: never sent; not-asked: no API was, as no"
        " condition held; pending: not reached yet",
    ),
    _field("reason", pa.string(), "Why an item was skipped or an API failed: a reason or AWS's error code"),
    _field("fit", pa.string(), "What was done to the picture before sending it, if anything"),
    _field(
        "sent",
        pa.string(),
        "s3, bytes, fitted (bytes that were altered), known (answer of an earlier call), inherited (--near)",
    ),
    _field("known", pa.int32(), "How many APIs were answered from an earlier paid call, or from a near picture's"),
    _field(
        "not_asked",
        pa.string(),
        "APIs not asked, as their condition (--when) did not hold, or was not decided; joined by '; '",
    ),
    _field("since", pa.string(), "The job that first got an answer on it: this one where it is new, or an earlier one"),
)
_VIDEO_FIELDS = (
    *KEY_FIELDS,
    _field("size", pa.int64(), "Bytes"),
    _field(
        "length_ms", pa.int64(), "Milliseconds as AWS told and bills them; before its answer, as the header has them"
    ),
    _field("container", pa.string(), "mp4 or mov; of a film that was transcoded, what it was before"),
    _field("codec", pa.string(), "Of the picture track: h264; of a film that was transcoded, what it was before"),
    _field("width", pa.int32(), "Pixels of the upright picture"),
    _field("height", pa.int32(), "Pixels of the upright picture"),
    _field("rotation", pa.int32(), "Degrees clockwise from the stored picture to the upright one"),
    _field("fps", pa.float64(), "Pictures a second, on the average"),
    _field("transcoded", pa.string(), "What was made of it before it was sent, as hevc->h264"),
    _field(
        "status",
        pa.string(),
        "ok: every API answered; partial: some did; failed; skipped: never sent; pending: not reached yet",
    ),
    _field("reason", pa.string(), "Why a video was skipped or an API failed: a reason or AWS's error code"),
    _field("known", pa.int32(), "How many APIs were answered from an earlier paid call"),
    _field("since", pa.string(), "The job that first got an answer on it: this one where it is new, or an earlier one"),
)
FAILURE_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        _field("api", pa.string(), "The API, as --api names it"),
        _field("outcome", pa.string(), "skipped (never sent, costs nothing) or failed"),
        _field("code", pa.string(), "AWS's error code, or the reason of a skip"),
        _field("message", pa.string(), "AWS's message, or what was wrong"),
        _field("attempts", pa.int32(), "Requests sent for this call"),
        _field("maybe_billed", pa.int32(), "Requests whose answer never came, which AWS may have billed"),
        _field("answer", pa.string(), "An answer that no table can take, as it came (JSON)"),
    ]
)


def capped(api: Api) -> str:
    """The column of `images` that says whether an answer was full."""
    return f"{api.table}_capped"


@dataclass(frozen=True, slots=True)
class Layout:
    """The tables of one job: what `build_tables` writes for these APIs at this threshold.

    `partial` says why the job is not complete; it goes into file names and the Parquet metadata.
    """

    job: str
    apis: tuple[str, ...]
    min_confidence: float | None = None
    partial: str | None = None
    caps: tuple[int | None, ...] | None = None  # of each API, as the job asked for; None: AWS's own
    videos: tuple[str, ...] = ()  # APIs for stored video
    frames: bool = False  # items may be frames of films
    near: bool = False  # pictures may have the answers of others
    # Of a job at several places: Region and account by their names.
    places: Mapping[str, tuple[str, str]] | None = None

    @property
    def rows(self) -> tuple[Api, ...]:
        return tuple(catalogue()[name] for name in self.apis)

    @property
    def video_rows(self) -> tuple[VideoApi, ...]:
        return tuple(video_catalogue()[name] for name in self.videos)

    @property
    def image_tables(self) -> tuple[str, ...]:
        """The tables that have rows of images' calls."""
        return (IMAGES, *(api.table for api in self.rows), FAILURES)

    def cap_of(self, api: Api) -> int | None:
        """The most findings that an answer of this job can have, where there is such a number."""
        if self.caps is not None:
            return self.caps[self.apis.index(api.name)]
        return api.cap.most if api.cap else None

    @property
    def image_key(self) -> tuple[pa.Field, ...]:
        """The first columns of tables of pictures."""
        return (*KEY_FIELDS, *FRAME_FIELDS) if self.frames else KEY_FIELDS

    @property
    def _image_fields(self) -> tuple[pa.Field, ...]:
        return (*_IMAGE_FIELDS, *(NEAR_FIELDS if self.near else ()), *(PLACE_FIELDS if self.places else ()))

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """Every streamed table's schema by table name, `images` first, `failures` last."""
        key = self.image_key
        found = {IMAGES: self._with_job(IMAGES, pa.schema([*key, *self._image_fields, *self.brief_fields()]))}
        if self.videos:
            found[VIDEOS] = self._with_job(VIDEOS, pa.schema([*_VIDEO_FIELDS, *self.video_brief_fields()]))
        for api in (*self.rows, *self.video_rows):
            columns = [*(KEY_FIELDS if isinstance(api, VideoApi) else key), *api.schema]
            found[api.table] = self._with_job(api.table, pa.schema(columns), api)
        found[FAILURES] = self._with_job(FAILURES, FAILURE_SCHEMA)
        return found

    def brief_fields(self) -> list[pa.Field]:
        """The columns the APIs add to `images`; a name two of them share is prefixed by the table's."""
        taken = {field.name for field in (*KEY_FIELDS, *FRAME_FIELDS, *_IMAGE_FIELDS, *NEAR_FIELDS, *PLACE_FIELDS)}
        fields = []
        for api in self.rows:
            fields += _named_apart(api, taken)
            if api.cap is not None:
                doc = f"true: as many {api.cap.what} as an answer can have, so there may be more in the image"
                fields.append(_field(capped(api), pa.bool_(), doc))
        return fields

    def video_brief_fields(self) -> list[pa.Field]:
        """The same of `videos`."""
        taken = {field.name for field in _VIDEO_FIELDS}
        return [field for api in self.video_rows for field in _named_apart(api, taken)]

    def file_name(self, table: str, suffix: str) -> str:
        """`labels.csv`, or `labels.partial.csv` of a job that is not complete."""
        return f"{table}{'.partial' if self.partial else ''}.{suffix}"

    def _with_job(self, table: str, schema: pa.Schema, api: Tabled | None = None) -> pa.Schema:
        about: dict[str, Any] = {"job": self.job, "table": table}
        if api is not None:
            about |= {"api": api.name, "name_column": api.name_column}
        about |= {"min_confidence": self.min_confidence, "partial": self.partial}
        return schema.with_metadata({b"rekscan": orjson.dumps(about)})


def _named_apart(api: Tabled, taken: set[str]) -> list[pa.Field]:
    """An API's columns of a table of items, each under a name that it now takes."""
    fields = []
    for field in api.brief_schema:
        name = field.name if field.name not in taken else f"{api.table}_{field.name}"
        taken.add(name)
        fields.append(field.with_name(name))
    return fields
