"""The job folder: what a job is and what it found, on a local disk or S3. It is the truth, the broker a doorbell.

Rule: files are written once and never modified; a file that exists is complete (jobs/files). docs/job-folder.md tells
each file and field.

    <home>/<job>/job.json                      the spec (jobs/folder/spec.py)
      amended-001.json                         items and plan once the listing went on, after a cap had cut it
      manifest/part-00000.parquet              items, MANIFEST_SCHEMA, `item_id` rising from 0 without gaps
      duplicates/part-00000.parquet            its items that may have a duplicate in the job (jobs/known/duplicates.py)
      near/part-00000.parquet                  with --near: items that take the answers of others (jobs/near)
      results/shard-000000.parquet             outcomes, RESULT_SCHEMA, of items [n*shard_size, (n+1)*shard_size)
      results/shard-000000-k3f9x2ab0q-part.parquet  what one holder knew of a shard (jobs/folder/part_names.py)
      retries/r001.parquet                     the calls of a retry (jobs/folder/retries.py)
      results/shard-000000-r001.parquet        its outcomes
      reports/                                 derived
"""

import io
import re
import uuid
from collections.abc import Iterable, Iterator
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jobs import documents
from jobs.errors import RekscanError, UsageError
from jobs.files import Aws, FileEntry, Files, open_home, read_table
from jobs.folder.part_names import PartName, ShardParts, by_shard
from jobs.folder.spec import PART_ROWS, Amendment, JobSpec, with_amendments
from jobs.items import Item
from jobs.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from jobs import item_rows
    from jobs import outcomes as rows_of
    from jobs.folder import manifest, merging
    from jobs.folder import parts as part_files
    from jobs.outcomes import Outcome
else:  # who asks for documents and names alone needs no Arrow
    pc, pq = Later("pyarrow.compute"), Later("pyarrow.parquet")
    item_rows, rows_of = Later("jobs.item_rows"), Later("jobs.outcomes")
    manifest, merging = Later("jobs.folder.manifest"), Later("jobs.folder.merging")
    part_files = Later("jobs.folder.parts")

_SAID = ("reports/status.json", "reports/review.json")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,80}")


def new_job_id(now: datetime | None = None) -> str:
    """Sortable by time, safe as a folder name: `20261123-153012-7f3a`."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


class JobFolder:
    """One job's folder. `home` is a directory or `s3://bucket/prefix`."""

    def __init__(self, home: str, job: str, aws: Aws | None = None) -> None:
        if not _ID.fullmatch(job):
            raise UsageError(f"{job!r} is not a job id", "List the jobs of a home with `rekscan jobs`.")
        self.home = home
        self.job = job
        self.aws = aws or Aws()
        self.files, base = open_home(home, self.aws)
        self.root = f"{base}/{job}"
        self.report_files, self.reports = self.files, f"{self.root}/reports"
        self._spec: JobSpec | None = None

    @property
    def where(self) -> str:
        """The folder as a person would name it."""
        return self.files.uri(self.root)

    def with_reports_in(self, out: str) -> "JobFolder":
        """The same job, whose tables and pages are in a directory of their own."""
        made = copy(self)
        made.report_files, made.reports = open_home(out, self.aws)
        return made

    # --- spec

    @property
    def spec(self) -> JobSpec:
        if self._spec is None:
            data = self.read("job.json")
            if data is None:
                raise RekscanError(
                    f"there is no job {self.job} in {self.home}", "`rekscan jobs` lists those there are."
                )
            self._spec = with_amendments(JobSpec.from_json(data, self.job), self.read)
        return self._spec

    def create(self, spec: JobSpec) -> None:
        """Write job.json: from here on the job exists."""
        self.write("job.json", spec.to_json())
        self._spec = spec

    def amend(self, amendment: Amendment) -> None:
        """The listing went on: from here on the job is that much longer."""
        self.write(amendment.name, amendment.to_json(), once=True)
        self._spec = None

    def remove(self) -> None:
        """Delete the whole folder (a plan that was not approved)."""
        self.files.delete_folder(self.root)

    # --- manifest

    def manifest_writer(self, part_rows: int = PART_ROWS, start: int = 0) -> "manifest.ManifestWriter":
        """`start`: items that whole parts hold already."""
        return manifest.ManifestWriter(self.write, part_rows, start)

    def manifest_batches(self) -> Iterator["pa.RecordBatch"]:
        """The whole manifest in order, a row group at a time (constant memory)."""
        for entry in self.entries("manifest")[: self.spec.manifest_parts]:
            with self.files.open(entry.path, entry.size) as file:
                part = pq.ParquetFile(file)
                documents.check_file(part.metadata.metadata, entry.path)
                yield from part.iter_batches(batch_size=10_000, use_threads=False)

    def items(self, shard: int) -> list[Item]:
        """The items of one shard, skipped ones too."""
        size = self.spec.shard_size
        start, stop = shard * size, min((shard + 1) * size, self.spec.items)
        rows: list[Item] = []
        rows_of_part = self.spec.part_rows
        for part in range(start // rows_of_part, (stop - 1) // rows_of_part + 1):
            path = f"{self.root}/manifest/part-{part:05d}.parquet"
            with self.files.open(path) as handle:
                file = pq.ParquetFile(handle)
                documents.check_file(file.metadata.metadata, path)
                base = part * rows_of_part
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    low, high = max(start, base), min(stop, base + count)
                    if low < high:
                        piece = file.read_row_group(group, use_threads=False).slice(low - base, high - low)
                        rows += [item for batch in piece.to_batches() for item in item_rows.from_batch(batch)]
                    base += count
        return rows

    # --- results

    def shard_parts(self) -> dict[int, ShardParts]:
        """The parts of every shard that has any."""
        return by_shard(self._paths("results"))

    def parts_of(self, shard: int) -> ShardParts:
        """The parts of one shard."""
        return by_shard(self._paths("results", f"shard-{shard:06d}")).get(shard, ShardParts())

    def result_parts(self) -> dict[int, list[str]]:
        """Shard -> the part files that `result` reads for it."""
        return {shard: parts.files for shard, parts in self.shard_parts().items() if parts.files}

    def result(self, paths: Iterable[str], *, first: bool = False) -> "pa.Table":
        """The outcomes in the part files of one shard, each call once, in item order (jobs/folder/merging.py).

        `first`: with those of the bundled models, which are no calls of AWS's.
        """
        table = self._merged(paths)
        if first or not self.spec.first:
            return table
        return table.filter(~pc.field("api").isin([choice.api.name for choice in self.spec.first]))

    def _merged(self, paths: Iterable[str]) -> "pa.Table":
        read = [
            (name, part_files.read_part(self.files, path))
            for path in paths
            if (name := PartName.parse(path)) is not None
        ]
        if len(read) == 1 and read[0][0].whole:
            return read[0][1]
        table = merging.merged(read, self.month)
        return table.filter(pc.not_equal(table.column("outcome"), rows_of.OPEN))

    @property
    def month(self) -> str:
        """The month the job was made in: of what tells none."""
        return self.spec.created_at[:7]

    def commit(self, shard: int, outcomes: Iterable["Outcome"], *, holder: str = "", retry: int = 0) -> bool:
        """Write a shard's outcomes as one part, in one step: as the whole one, or as what `holder` knows.

        False when somebody else wrote the whole part first; it stays as it is.
        """
        buffer = io.BytesIO()
        pq.write_table(rows_of.to_table(outcomes).replace_schema_metadata(documents.STAMP), buffer, compression="zstd")
        return self.write(PartName(shard, retry, holder).path, buffer.getvalue(), once=True)

    # --- files

    def read(self, name: str) -> bytes | None:
        """A small file of the folder, None if it is not there."""
        files, path = self._place(name)
        return files.read(path)

    def write(self, name: str, data: bytes, *, once: bool = False) -> bool:
        """Write a file in one step: a reader sees all of it or nothing. `once`: keep the file that is there already.

        Returns whether it was written.
        """
        files, path = self._place(name)
        if files is self.files:
            files.make_private(self.root)  # results are personal data
        return files.write(path, data, once=once)

    def delete(self, name: str) -> None:
        """Delete a derived file, if it is there."""
        files, path = self._place(name)
        files.delete(path)

    def table(self, path: str, **options: Any) -> "pa.Table":
        """A Parquet file of the folder, `options` as those of pyarrow's `read_table`.

        Raises FileNotFoundError when it is not there.
        """
        return read_table(self.files, path, **options)

    def names(self, folder: str) -> list[str]:
        """The file names in one of the job's folders, in order."""
        return [entry.name for entry in self.entries(folder)]

    def entries(self, folder: str, prefix: str = "") -> list[FileEntry]:
        """The files in one of the job's folders, in order: those whose names begin with `prefix`."""
        return self.files.entries(f"{self.root}/{folder}", prefix)

    def _place(self, name: str) -> tuple[Files, str]:
        """Where a file of the folder is. What was said of a job stays with it, wherever its reports go."""
        derived = name.startswith("reports/") and name not in _SAID
        return (self.report_files, self.reports + name[7:]) if derived else (self.files, f"{self.root}/{name}")

    def _paths(self, folder: str, prefix: str = "") -> list[str]:
        return [entry.path for entry in self.entries(folder, prefix)]


def list_jobs(home: str, aws: Aws | None = None, *, since: str = "", before: str = "~") -> list[str]:
    """The ids of the jobs in a home, oldest first; from one id on, or up to another."""
    files, base = open_home(home, aws)
    found = [name for name in files.folders(base) if _ID.fullmatch(name) and since <= name < before]
    return [name for name in found if files.exists(f"{base}/{name}/job.json")]
