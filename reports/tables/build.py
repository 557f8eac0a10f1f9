"""The tables of a job: its outcomes, streamed part by part into CSV and Parquet.

Rule: memory stays flat at any size, and a table is derived: it can be deleted and built again, at another threshold,
without a call.

    reports/images.parquet  labels.parquet ...  failures.parquet  costs.parquet   and the same as .csv
            data-dictionary.csv  data-dictionary.md     what the columns mean
            tables.json     which build these are of: formats, threshold, rows, whether the job was complete
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path

import pyarrow as pa

from jobs.errors import UsageError
from jobs.folder import JobFolder, JobSpec, ShardParts
from jobs.folder.part_names import fingerprint
from jobs.pools import OWN
from reports.tables import dictionary
from reports.tables.built import INDEX, BuiltTables, built_tables
from reports.tables.films import FilmRows
from reports.tables.flatten_pool import flattened, helpers_for
from reports.tables.layout import COSTS, Layout
from reports.tables.runs import runs
from reports.tables.writers import (
    AnswersWriter,
    CsvWriter,
    ExcelCsvWriter,
    ParquetWriter,
    Pen,
    TableWriter,
    build_area,
    open_writers,
    publish,
    unpublish,
)

TABLE_FORMATS = ("csv", "parquet")
ANSWERS = "jsonl"  # the raw answers, one file
FORMATS = (*TABLE_FORMATS, ANSWERS)

Progress = Callable[[int, int], None]  # items done, items in all


def build_tables(
    folder: JobFolder,
    *,
    formats: Iterable[str] = TABLE_FORMATS,
    min_confidence: float | None = None,
    costs: pa.Table | None = None,
    partial: str | None = None,
    excel: bool = False,
    progress: Progress | None = None,
    helpers: int | None = None,
) -> BuiltTables:
    """Write the job's tables into its `reports/` from stored answers; no call is made.

    `formats` out of FORMATS; raw answers (`jsonl`) are not filtered by a threshold. `min_confidence` (0 to 100) leaves
    out findings below it. `costs` is written as it is. `partial` says why the job is not complete: it goes into file
    names and contents. `excel`: CSV as Excel wants it, split at its row limit. `helpers`: processes that
    flatten beside this one; None: as many as are worth while.
    Raises UsageError on a format or threshold that does not exist.
    """
    chosen = tuple(dict.fromkeys(formats))
    _check(chosen, min_confidence)
    spec = folder.spec
    caps = tuple(choice.api.cap.of(choice.params) if choice.api.cap else None for choice in spec.apis)
    names, videos = (tuple(one.api.name for one in several) for several in (spec.apis, spec.video_apis))
    layout = Layout(
        spec.job, names, min_confidence, partial, caps, videos,
        frames=spec.options.frames is not None, near=spec.options.near is not None, places=_places(spec),
    )  # fmt: skip
    parts = folder.shard_parts()
    calls = len(parts) * spec.shard_size * len(spec.apis)
    before = built_tables(folder)
    with build_area(folder) as area:
        build = _Build(folder, layout, area, chosen, excel)
        rows = build.write(parts, progress, helpers_for(calls) if helpers is None else helpers)
        if costs is not None:
            rows[COSTS] = build.write_table(COSTS, costs)
        build.write_dictionary(costs)
        paths = publish(folder, build.files)
    names = tuple(path.name for path in build.files)
    built = BuiltTables(spec.job, tuple(paths), rows, chosen, min_confidence, partial, fingerprint(parts), names)
    if before is not None:
        kept = built.still_good(before)
        if costs is None:
            kept |= {name for name in before.files if name.startswith(f"{COSTS}.")}
        unpublish(folder, set(before.files) - set(names) - kept)
        built = built.with_files(before, kept)
    folder.write(f"reports/{INDEX}", built.to_json())
    return built


def _places(spec: JobSpec) -> dict[str, tuple[str, str]] | None:
    """Of a job at several places: Region and account, by their names."""
    return {name: spec.at(name) for name in (OWN, *(place.name for place in spec.places))} if spec.places else None


def _check(formats: tuple[str, ...], min_confidence: float | None) -> None:
    for name in formats:
        if name not in FORMATS:
            raise UsageError(f"there is no table format {name!r}", f"Choose from: {', '.join(FORMATS)}.")
    if min_confidence is not None and not 0 <= min_confidence <= 100:
        raise UsageError(f"a confidence of {min_confidence:g} cannot be", "Confidences are percentages, 0 to 100.")


class _Build:
    """One build of the tables in a folder aside."""

    def __init__(self, folder: JobFolder, layout: Layout, area: Path, formats: tuple[str, ...], excel: bool) -> None:
        self._folder = folder
        self._layout = layout
        self._area = area
        kinds: dict[str, Callable[[Path, pa.Schema], TableWriter]]
        kinds = {"csv": ExcelCsvWriter if excel else CsvWriter, "parquet": ParquetWriter}
        self._kinds = {name: kinds[name] for name in formats if name in kinds}
        self._answers = AnswersWriter(area / layout.file_name("answers", ANSWERS)) if ANSWERS in formats else None
        self.files: list[Path] = []

    def write(self, parts: Mapping[int, ShardParts], progress: Progress | None, helpers: int) -> dict[str, int]:
        """Every table that is made of outcomes; their rows."""
        writers = {name: self._writers(name, schema) for name, schema in self._layout.schemas.items()}
        opened = [writer for several in writers.values() for writer in several]
        rows = dict.fromkeys(writers, 0)
        made = flattened(self._layout, runs(self._folder, parts), helpers)
        films = FilmRows(self._folder, self._layout, parts, self._answers) if self._layout.videos else None
        done = 0
        with open_writers([*opened, *([self._answers] if self._answers else [])]), Pen() as pen, closing(made):
            for run, tables in made:
                for name, table in chain(tables.items(), films.rows(run.items) if films else ()):
                    rows[name] += table.num_rows
                    pen.write(writers[name], table)
                if self._answers:
                    self._answers.write(run.items, run.outcomes)
                done += run.items.num_rows
                if progress:
                    progress(done, self._folder.spec.items)
        self.files += [path for writer in opened for path in writer.paths]
        self.files += self._answers.paths if self._answers else []
        return rows

    def write_table(self, name: str, table: pa.Table) -> int:
        """A table that is there already."""
        writers = self._writers(name, table.schema)
        with open_writers(writers):
            for writer in writers:
                writer.write(table)
        self.files += [path for writer in writers for path in writer.paths]
        return int(table.num_rows)

    def write_dictionary(self, costs: pa.Table | None) -> None:
        schemas = {**self._layout.schemas, **({COSTS: costs.schema} if costs is not None else {})}
        for suffix, text in (("csv", dictionary.as_csv(schemas)), ("md", dictionary.as_markdown(schemas))):
            path = self._area / f"data-dictionary.{suffix}"
            path.write_text(text, encoding="utf-8")
            self.files.append(path)

    def _writers(self, table: str, schema: pa.Schema) -> list[TableWriter]:
        paths = ((made, self._area / self._layout.file_name(table, name)) for name, made in self._kinds.items())
        return [made(path, schema) for made, path in paths]
