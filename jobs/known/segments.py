"""Segments of the index: sorted files, written once, merged when several of about one size have come together.

Rule: a segment says which parts of which jobs it covers; whatever is not covered is read again, so nobody needs a lock:
two writers at once leave a segment too many, and the next merge takes it in.
"""

import itertools
import logging
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs import documents
from jobs.files import Aws, FileEntry, open_home
from jobs.folder import list_jobs

log = logging.getLogger(__name__)


def _field(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    return pa.field(name, type_, nullable=False, metadata={"doc": doc})


SCHEMA = pa.schema(
    [
        _field("content", pa.binary(16), "hash of what the item is; rows are sorted by it"),
        _field("call", pa.int64(), "hash of API, parameters, account and kind of mending"),
        _field("job", pa.string(), "the job that has the answer"),
        _field("part", pa.string(), "its result part, without the suffix"),
        _field("item_id", pa.int64(), "the item there"),
        _field("copied", pa.bool_(), "the row there is itself a known answer"),
    ]
)
GROUP_ROWS = 8192
RUN_ROWS = 65_536  # entries sorted at a time
WIDTH = 16  # bytes of a content's name
_KEPT = 2  # places kept per (content, call): a second one for when the first one's job is deleted
_META = b"rekscan"


@dataclass(frozen=True, slots=True)
class Cover:
    """What a segment has of a job. `parts`: a fingerprint of its list of parts; `final`: no more are expected."""

    parts: str
    final: bool


@dataclass(frozen=True, slots=True)
class About:
    """What a segment's footer says of it."""

    covers: Mapping[str, tuple[str, bool]] = field(default_factory=dict)  # job -> a Cover's `parts` and `final`
    firsts: tuple[str, ...] = ()  # the content, in hex, of each row group's first row


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A segment as its footer describes it."""

    info: FileEntry
    metadata: pq.FileMetaData
    covers: Mapping[str, Cover]
    firsts: tuple[bytes, ...] = field(repr=False)  # content of each row group's first row

    @property
    def rows(self) -> int:
        return int(self.metadata.num_rows)

    def groups(self, content: bytes) -> range:
        """The row groups that may hold a content."""
        return range(max(0, bisect_left(self.firsts, content) - 1), bisect_right(self.firsts, content))


class Segments:
    """The segments of a home."""

    def __init__(self, home: str, aws: Aws | None = None) -> None:
        self.home = home
        self.aws = aws
        self.files, base = open_home(home, aws)
        self.root = f"{base}/known"
        self._newer: set[str] = set()

    def paths(self) -> list[FileEntry]:
        """The files there are now, oldest first."""
        return [entry for entry in self.files.entries(self.root) if entry.name.endswith(".parquet")]

    def open(self, info: FileEntry) -> Segment | None:
        """None when it is gone (merged into another) or of a newer format."""
        try:
            with self.files.open(info.path) as file:
                metadata = pq.ParquetFile(file).metadata
        except FileNotFoundError:
            return None
        try:
            about = documents.load(About, metadata.metadata[_META], f"{info.path} of the index of known answers")
        except documents.NewerFormat as error:  # of its answers this version knows nothing, and it leaves it alone
            if info.path not in self._newer:
                self._newer.add(info.path)
                log.warning("%s; it is passed by", error)
            return None
        covers = {job: Cover(*cover) for job, cover in about.covers.items()}
        return Segment(info, metadata, covers, tuple(bytes.fromhex(first) for first in about.firsts))

    def all(self) -> list[Segment]:
        return [segment for info in self.paths() if (segment := self.open(info)) is not None]

    def write(self, batches: Iterable[pa.RecordBatch], covers: Mapping[str, Cover]) -> str:
        """Add a segment of rows sorted by content."""
        path = f"{self.root}/{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:8]}.parquet"
        firsts: list[str] = []
        plain = {"content": "NONE", **dict.fromkeys(SCHEMA.names[1:], "ZSTD")}  # hashes do not compress
        self.files.make_private(self.root)
        schema = SCHEMA.with_metadata(documents.STAMP)
        with (
            self.files.writing(path) as sink,
            pq.ParquetWriter(sink, schema, compression=plain, use_dictionary=["job", "part"]) as writer,
        ):
            for table in _groups(batches):
                firsts.append(table.column("content")[0].as_py().hex())
                writer.write_table(table, row_group_size=GROUP_ROWS)
            about = About({job: (c.parts, c.final) for job, c in covers.items()}, tuple(firsts))
            writer.add_key_value_metadata({_META: documents.dump(about)})
        return path

    def merge(self) -> None:
        """Take segments of about one size together, so that there are few of them; entries of deleted jobs go."""
        merged = _ripe(self.all())
        if len(merged) < 2:
            return
        there = set(list_jobs(self.home, self.aws))
        covers: dict[str, Cover] = {}
        for segment in merged:  # oldest first: what is said later holds
            covers.update({job: cover for job, cover in segment.covers.items() if job in there})
        try:
            self.write(self._together(merged, pa.array(sorted(there), pa.string())), covers)
        except FileNotFoundError:
            return  # another merge was quicker
        for segment in merged:
            self.files.delete(segment.info.path)

    def read(self, segment: Segment, group: int, columns: list[str] | None = None) -> pa.Table:
        """One row group. Opened anew each time: no descriptor to keep, nothing shared between threads."""
        with self.files.open(segment.info.path, segment.info.size) as file:
            return pq.ParquetFile(file, metadata=segment.metadata).read_row_group(group, columns, use_threads=False)

    def _together(self, merged: list[Segment], there: pa.Array) -> Iterator[pa.RecordBatch]:
        """The entries of all of them in order, a range of contents at a time: constant memory."""
        edges = sorted(first for segment in merged for first in segment.firsts)[:: RUN_ROWS // GROUP_ROWS]
        for low, high in itertools.pairwise([b"", *edges[1:], None]):
            tables = [self.range(segment, low or b"", high) for segment in merged]
            yield from _best(pa.concat_tables(tables), there).to_batches()

    def range(
        self, segment: Segment, low: bytes, high: bytes | None, columns: Sequence[str] = SCHEMA.names
    ) -> pa.Table:
        """The entries of a segment from one content to before another, `content` among their columns."""
        start = max(0, bisect_left(segment.firsts, low) - 1)
        stop = len(segment.firsts) if high is None else bisect_left(segment.firsts, high)
        if start >= stop:
            return SCHEMA.empty_table().select(columns)
        groups = [self.read(segment, group, list(columns)) for group in range(start, stop)]
        table = pa.concat_tables(groups).combine_chunks()
        names = Names.of(table)
        first = names.position(low)
        last = table.num_rows if high is None else names.position(high)
        return table.slice(first, last - first)


@dataclass(frozen=True, slots=True)
class Names:
    """The contents of sorted entries, as one piece of bytes to search in."""

    data: bytes

    @classmethod
    def of(cls, table: pa.Table) -> "Names":
        column = table.column("content").combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # of an empty table
            return cls(b"")
        start = column.offset * WIDTH
        return cls(bytes(column.buffers()[1][start : start + len(column) * WIDTH]))

    def position(self, name: bytes) -> int:
        """Of the first entry that is not before `name`."""
        return bisect_left(range(len(self.data) // WIDTH), name, key=self.at)

    def at(self, position: int) -> bytes:
        return self.data[position * WIDTH : (position + 1) * WIDTH]


def in_order(table: pa.Table) -> pa.Table:
    """Entries by content and call, of each the best first: paid for, of the newest job."""
    ascending = [(name, "ascending") for name in ("content", "call", "copied")]
    return table.sort_by([*ascending, ("job", "descending"), ("part", "descending"), ("item_id", "ascending")])


def _best(table: pa.Table, there: pa.Array) -> pa.Table:
    """Entries in order without those of deleted jobs, twice the same, and beyond _KEPT of a content and call."""
    rows = in_order(table.filter(pc.is_in(table.column("job"), value_set=there)))
    rows = rows.filter(pc.invert(_as_before(rows, SCHEMA.names, 1)))
    return rows.filter(pc.invert(_as_before(rows, ["content", "call"], _KEPT)))


def _as_before(rows: pa.Table, columns: list[str], distance: int) -> pa.Array:
    """For each row whether these columns are as `distance` rows before."""
    count = max(0, rows.num_rows - distance)
    same = pa.repeat(True, count)
    for name in columns:
        column = rows.column(name)
        same = pc.and_(same, pc.equal(column.slice(distance), column.slice(0, count)))
    head = pa.array([False] * min(distance, rows.num_rows), pa.bool_())
    parts = [head, *(same.chunks if isinstance(same, pa.ChunkedArray) else [same])]
    return pa.chunked_array(parts, pa.bool_())


def _ripe(segments: list[Segment]) -> list[Segment]:
    """All up to the largest one that is not larger than twice the smaller ones together. Oldest first."""
    by_size = sorted(segments, key=lambda s: s.rows)
    count = rows = 0
    for number, segment in enumerate(by_size, 1):
        if segment.rows <= 2 * rows:
            count = number
        rows += segment.rows
    return sorted(by_size[:count], key=lambda s: s.info.path)


def _groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of GROUP_ROWS rows, the last one shorter."""
    held: list[pa.RecordBatch] = []
    count = 0
    for whole in batches:
        batch = whole.cast(SCHEMA)
        while count + batch.num_rows >= GROUP_ROWS:
            room = GROUP_ROWS - count
            yield pa.Table.from_batches([*held, batch.slice(0, room)], schema=SCHEMA)
            held, count, batch = [], 0, batch.slice(room)
        if batch.num_rows:
            held.append(batch)
            count += batch.num_rows
    if held:
        yield pa.Table.from_batches(held, schema=SCHEMA)
