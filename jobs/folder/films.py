"""The films of a job: what was found when they were looked at, before anything was sent.

    films/part-00000.parquet       the films that can be sent, in item order, 10,000 a part
    films-out/part-00000.parquet   those that cannot, as far as their headers say what they are

Rule: the first is the list of what the APIs for stored video are asked. A film is known here by its place in it;
`FILMS` of them, whole parts of results of their own, are one shard, numbered from `FIRST_OF_FILMS` on: no picture is in
one.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import documents
from jobs.folder.folder import JobFolder
from jobs.ledger import FIRST_OF_FILMS
from jobs.uris import path_of

FILMS = 10  # of one shard
ASKED, OUT = "films", "films-out"  # those that can be sent, and the others
_PART = 10_000
_GROUP = 1_000


@dataclass(frozen=True, slots=True)
class FilmItem:
    """A film, as it was seen before the plan."""

    item_id: int  # of the manifest
    uri: str  # s3://bucket/key
    size: int  # bytes
    content: str  # what is pinned: "version:<id>", "etag:<etag>", else "size:<bytes>"; of a file as `pinned` has it
    length_ms: int | None  # as its header has it; None: nobody says
    priced_ms: int  # what is reserved for it: its length, or the longest that AWS takes
    container: str = ""  # mp4, mov
    codec: str = ""  # FFmpeg's name
    width: int = 0  # pixels, upright
    height: int = 0  # the same
    rotation: int = 0  # degrees clockwise from the stored picture to the upright one
    fps: float | None = None  # on the average
    audio: str | None = None  # FFmpeg's name
    transcoded: str | None = None  # "hevc->h264": what is made of it before it is sent

    @property
    def version(self) -> str | None:
        """S3's VersionId."""
        kind, _, name = self.content.partition(":")
        return name if kind == "version" else None

    @property
    def etag(self) -> str | None:
        kind, _, name = self.content.partition(":")
        return name if kind == "etag" else None


FILM_SCHEMA = pa.schema(
    [
        pa.field("item_id", pa.int64(), nullable=False),
        pa.field("uri", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("content", pa.string(), nullable=False),
        pa.field("length_ms", pa.int64()),
        pa.field("priced_ms", pa.int64(), nullable=False),
        pa.field("container", pa.string(), nullable=False),
        pa.field("codec", pa.string(), nullable=False),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("rotation", pa.int32(), nullable=False),
        pa.field("fps", pa.float64()),
        pa.field("audio", pa.string()),
        pa.field("transcoded", pa.string()),  # jobs of before have none
    ]
)
_NAMES = tuple(field.name for field in fields(FilmItem))


def pinned(uri: str) -> str:
    """What is known of a local film's content without reading it. Raises OSError."""
    return pinned_as(os.stat(path_of(uri)))  # noqa: PTH116  a path of bytes


def pinned_as(found: os.stat_result) -> str:
    """The same of a file that is open."""
    return f"stat:{found.st_size}:{found.st_mtime_ns}"


class FilmsWriter(AbstractContextManager["FilmsWriter"]):
    """Writes the films of a job, in constant memory."""

    def __init__(self, write: Callable[[str, bytes], object], name: str = ASKED) -> None:
        """`write`: a file of the job folder; `name`: which of them."""
        self._write = write
        self._name = name
        self._rows: list[FilmItem] = []
        self.count = 0

    def add(self, film: FilmItem) -> None:
        """The next one, in item order."""
        self._rows.append(film)
        self.count += 1
        if len(self._rows) == _PART:
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._flush()

    def _flush(self) -> None:
        buffer = io.BytesIO()
        table = _table(self._rows).replace_schema_metadata(documents.STAMP)
        pq.write_table(table, buffer, compression="zstd", row_group_size=_GROUP)
        self._write(_path(self._name, (self.count - 1) // _PART), buffer.getvalue())
        self._rows = []


def film_shards(films: int) -> range:
    """The numbers of the shards of so many films."""
    return range(FIRST_OF_FILMS, FIRST_OF_FILMS - (-films // FILMS))


def films_of(folder: JobFolder, shard: int) -> list[FilmItem]:
    """The films of one shard."""
    start = (shard - FIRST_OF_FILMS) * FILMS
    part, place = divmod(start, _PART)
    path = _path(ASKED, part)
    with folder.files.open(f"{folder.root}/{path}") as handle:
        file = pq.ParquetFile(handle)
        documents.check_file(file.metadata.metadata, path)
        group, place = divmod(place, _GROUP)
        return film_items(file.read_row_group(group, use_threads=False).slice(place, FILMS))


def all_films(folder: JobFolder, name: str = ASKED) -> Iterator[FilmItem]:
    """Every film of a job, a part at a time, in item order."""
    for entry in folder.entries(name):
        yield from film_items(folder.table(entry.path))


def _path(name: str, part: int) -> str:
    return f"{name}/part-{part:05d}.parquet"


def _table(rows: list[FilmItem]) -> pa.Table:
    columns = [
        pa.array([getattr(row, name) for row in rows], field.type)
        for name, field in zip(_NAMES, FILM_SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=FILM_SCHEMA)


def film_items(table: pa.Table) -> list[FilmItem]:
    """The films of a table by FILM_SCHEMA."""
    names = [name for name in _NAMES if name in table.column_names]
    return [FilmItem(*row) for row in zip(*(table.column(name).to_pylist() for name in names), strict=True)]
