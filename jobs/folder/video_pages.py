"""The answer to a call on stored video: AWS's pages as they came, in a file of their own.

    results/video/<api>/item-00000012-e0.parquet       pages of item 12, asked in epoch 0
    results/video/<api>/item-00000012-e0.parquet.torn  half-written, and put aside

A row and a row group is a page: its number from 1 and its JSON. The metadata says the format (jobs/documents.py), the
API, the item, the epoch and AWS's JobId. Rules: a file gets its name when all its pages are in it; of the epochs of an
item the highest counts; nobody holds more than one page.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import documents
from jobs.folder.folder import JobFolder

FOLDER = "results/video"
SCHEMA = pa.schema(
    [
        pa.field("page", pa.int32(), False, {"doc": "number of the page in the answer, from 1 (since 2)"}),
        pa.field("answer", pa.large_string(), False, {"doc": "its JSON, as AWS gave it (since 2)"}),
    ]
)
_NAME = re.compile(rf"(?:.*/)?{FOLDER}/([a-z][a-z0-9-]*)/item-(\d{{8,}})-e(\d+)\.parquet(\.torn)?")


@dataclass(frozen=True, slots=True, order=True)
class PagesName:
    """Whose answer a file of pages is. `epoch`: how often the same had knowingly been paid before."""

    api: str
    item: int
    epoch: int = 0
    torn: bool = False

    @classmethod
    def parse(cls, path: str) -> "PagesName | None":
        if (match := _NAME.fullmatch(path)) is None:
            return None
        api, item, epoch, torn = match.groups()
        return cls(api, int(item), int(epoch), torn is not None)

    @property
    def path(self) -> str:
        """In the job's folder."""
        return f"{FOLDER}/{self.api}/item-{self.item:08d}-e{self.epoch}.parquet{'.torn' if self.torn else ''}"


class PagesWriter:
    """Writes one answer, page after page. The file is there after `done`; a block left without it leaves none.

    Of two writers of one name the later one wins: both have the pages of one JobId. Not for several threads at once.
    """

    def __init__(self, folder: JobFolder, name: PagesName, job_id: str) -> None:
        self._folder = folder
        self._path = f"{folder.root}/{name.path}"
        self._schema = SCHEMA.with_metadata(FilmAnswer(name, job_id).metadata)
        self._open = ExitStack()
        self.pages = 0  # that are in it

    def __enter__(self) -> Self:
        self._folder.files.make_private(self._folder.root)  # results are personal data
        stream = self._open.enter_context(self._folder.files.writing(self._path))
        # Statistics and a dictionary would hold a page again.
        options = {"compression": "zstd", "use_dictionary": False, "write_statistics": ["page"]}
        self._file = self._open.enter_context(pq.ParquetWriter(stream, self._schema, **options))
        return self

    def append(self, page: int, answer: str | bytes) -> None:
        """The next page, as JSON. Raises ValueError where it is not the next one."""
        if page != self.pages + 1:
            raise ValueError(f"page {page} comes after {self.pages}")
        row = [pa.array([page], pa.int32()), pa.array([answer], pa.large_string())]
        self._file.write_table(pa.Table.from_arrays(row, schema=self._schema))
        self.pages = page

    def done(self) -> None:
        """That was the last page. Raises ValueError where there was none."""
        if not self.pages:
            raise ValueError("an answer has a page at least")
        self._open.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        given_up = error or _GivenUp()
        self._open.__exit__(type(given_up), given_up, trace)  # nothing is open any more after `done`


class _GivenUp(Exception):
    """A block was left before the last page."""


@dataclass(frozen=True, slots=True)
class FilmAnswer:
    """What a file says of itself."""

    name: PagesName
    job_id: str  # AWS's

    @classmethod
    def of(cls, metadata: Mapping[bytes, bytes], path: str) -> "FilmAnswer":
        """Raises NewerFormat, or ArrowInvalid where it says nothing of it."""
        documents.check_file(metadata, path)
        try:
            api, item, epoch, job_id = (metadata[_key(name)].decode() for name in ("api", "item", "epoch", "job_id"))
            return cls(PagesName(api, int(item), int(epoch)), job_id)
        except (KeyError, ValueError) as error:
            raise pa.ArrowInvalid(f"{path} does not say whose answer it is") from error

    @property
    def metadata(self) -> dict[bytes, bytes]:
        told = {"api": self.name.api, "item": self.name.item, "epoch": self.name.epoch, "job_id": self.job_id}
        return {**documents.STAMP, **{_key(name): str(value).encode() for name, value in told.items()}}


def _key(name: str) -> bytes:
    return f"rekscan.{name}".encode()


class PagesReader:
    """An answer that is there, to be read by one thread: what it says of itself, and its pages one at a time.

    Raises FileNotFoundError, ArrowInvalid where it is half-written, or as `Answer.of`.
    """

    def __init__(self, folder: JobFolder, name: PagesName) -> None:
        path = f"{folder.root}/{name.path}"
        with ExitStack() as opened:
            self._file = pq.ParquetFile(opened.enter_context(folder.files.open(path)))
            self.answer = FilmAnswer.of(self._file.metadata.metadata or {}, path)
            self._open = opened.pop_all()

    def __iter__(self) -> Iterator[bytes]:
        """Each page's JSON, in order."""
        for group in range(self._file.num_row_groups):
            yield from _texts(self._file.read_row_group(group, columns=["answer"], use_threads=False))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *what: object) -> None:
        self._open.close()


def _texts(table: pa.Table) -> Iterator[bytes]:
    for text in table.column("answer"):
        yield text.as_buffer().to_pybytes()


def newest_pages(folder: JobFolder, api: str) -> dict[int, PagesName]:
    """Item -> the answer of an API that counts."""
    found = sorted(name for name in all_pages(folder, api) if not name.torn)
    return {name.item: name for name in found}


def all_pages(folder: JobFolder, api: str) -> list[PagesName]:
    """Every file of an API, torn ones too."""
    paths = [entry.path for entry in folder.entries(f"{FOLDER}/{api}")]
    return [name for path in paths if (name := PagesName.parse(path)) is not None]
