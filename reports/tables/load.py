"""A job's tables as DataFrames: `rekscan.load(job)["labels"].query("name == 'Dog' and confidence > 90")`.

Rule: what is loaded is current. Tables that are missing or older than the results are built first, without a call.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.errors import RekscanError
from jobs.files import Aws, read_table
from jobs.folder import JobFolder, list_jobs
from jobs.folder.films import film_shards
from jobs.folder.part_names import fingerprint
from reports.tables.build import FORMATS, build_tables
from reports.tables.built import BuiltTables, built_tables

if TYPE_CHECKING:
    import pandas as pd


class Tables(Mapping[str, "pd.DataFrame"]):
    """The tables of a job by name, each read when asked for."""

    def __init__(self, folder: JobFolder, built: BuiltTables) -> None:
        self.folder = folder
        self.built = built
        self._names = tuple(name for name in built.rows if self._file(name) is not None)

    def __getitem__(self, name: str) -> "pd.DataFrame":
        return _frame(self.arrow(name))

    def __contains__(self, name: object) -> bool:
        return name in self._names  # Mapping would read the table

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {self.built.rows[name]} rows" for name in self)
        return f"<Tables of job {self.built.job}{self._note()}: {sizes}>"

    def iter_batches(self, name: str, rows: int = 100_000) -> Iterator["pd.DataFrame"]:
        """A table in pieces of at most `rows` rows: bounded memory at any size."""
        with self.folder.report_files.whole(self.path(name)) as file:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=rows):
                yield _frame(pa.Table.from_batches([batch]))

    def arrow(self, name: str) -> pa.Table:
        """A table as Arrow, with its declared schema."""
        return read_table(self.folder.report_files, self.path(name))

    def path(self, name: str) -> str:
        file = self._file(name)
        if file is None:
            raise KeyError(f"job {self.built.job} has no table {name!r}; it has: {', '.join(self)}")
        return f"{self.folder.reports}/{file}"

    def _file(self, name: str) -> str | None:
        wanted = (f"{name}.parquet", f"{name}.partial.parquet")
        return next((file for file in self.built.files if file in wanted), None)

    def _note(self) -> str:
        return f" ({self.built.partial})" if self.built.partial else ""


def load(job: str, home: str, aws: Aws | None = None) -> Tables:
    """The tables of a job: `images`, one per API, `failures`, `costs`. `last` is the newest job.

    `home` is a directory or `s3://bucket/prefix`.
    Raises RekscanError if there is no such job.
    """
    if job == "last":
        names = list_jobs(home, aws)
        if not names:
            raise RekscanError(f"there is no job in {home}", "Start one with `rekscan scan SOURCE --api labels`.")
        job = names[-1]
    tables = load_folder(JobFolder(home, job, aws))
    if tables.built.min_confidence is not None:
        warnings.warn(threshold_note(tables.built), stacklevel=3)
    return tables


def threshold_note(built: BuiltTables) -> str:
    """What a reader of tables with a threshold should know."""
    return (
        f"these tables leave out findings under {built.min_confidence:g} % confidence;"
        f" `rekscan report {built.job}` builds them with all"
    )


def load_folder(folder: JobFolder) -> Tables:
    """The tables in a job folder, built first if they are missing or older than its results."""
    parts = folder.shard_parts()
    shards = [*range(folder.spec.shards), *film_shards(folder.spec.films)]
    missing = sum(not parts[n].whole if n in parts else True for n in shards)
    partial = f"{missing} of {len(shards)} shards not finished" if missing else None
    if partial is None and folder.spec.cut:
        partial = "incomplete: budget"
    built = built_tables(folder)
    if built is None:
        built = build_tables(folder, formats=("parquet",), partial=partial)
    elif built.parts != fingerprint(parts) or "parquet" not in built.formats:
        formats = [name for name in FORMATS if name in {*built.formats, "parquet"}]
        built = build_tables(folder, formats=formats, min_confidence=built.min_confidence, partial=partial)
    if not built.rows:
        raise RekscanError(f"job {folder.job} has no tables", f"`rekscan report {folder.job}` builds them.")
    return Tables(folder, built)


def about(schema: pa.Schema) -> dict[str, Any]:
    """What a table says of itself: job, table, api, name_column, min_confidence, partial."""
    found: dict[str, Any] = orjson.loads((schema.metadata or {}).get(b"rekscan", b"{}"))
    return found


def _frame(table: pa.Table) -> "pd.DataFrame":
    from reports.tables.frames import frame  # brings pandas in, which no command needs

    made = frame(table)
    made.attrs.update(about(table.schema))
    return made
