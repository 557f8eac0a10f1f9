"""The job folder: what a job is and what it found, on a local disk or S3. It is the truth, the broker a doorbell.

Rule: files are written once and never modified; a file that exists is complete (temporary name then rename locally, one
PUT on S3). docs/job-folder.md tells each file and field.

    <home>/<job>/job.json                      the spec (jobs/folder/spec.py)
      amended-001.json                         items and plan once the listing went on, after a cap had cut it
      manifest/part-00000.parquet              items, MANIFEST_SCHEMA, `item_id` rising from 0 without gaps
      duplicates/part-00000.parquet            its items that may have a duplicate in the job (jobs/known/duplicates.py)
      results/shard-000000.parquet             outcomes, RESULT_SCHEMA, of items [n*shard_size, (n+1)*shard_size)
      results/shard-000000-k3f9x2ab0q-part.parquet  what one holder knew of a shard (jobs/folder/part_names.py)
      retries/r001.parquet                     the calls of a retry (jobs/folder/retries.py)
      results/shard-000000-r001.parquet        its outcomes
      reports/                                 derived
"""

import io
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from jobs import documents
from jobs.errors import RekscanError, UsageError
from jobs.folder.manifest import ManifestWriter
from jobs.folder.merging import merged
from jobs.folder.part_names import PartName, ShardParts, by_shard
from jobs.folder.parts import read_part
from jobs.folder.spec import PART_ROWS, Amendment, JobSpec, with_amendments
from jobs.items import Item, from_batch
from jobs.outcomes import OPEN, Outcome, to_table

_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,80}")


def new_job_id(now: datetime | None = None) -> str:
    """Sortable by time, safe as a folder name: `20261123-153012-7f3a`."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


def home_path(home: str) -> str:
    """A home as it is named in any working directory."""
    return home if home.startswith("s3://") else str(Path(home).absolute())


def open_home(home: str, s3_url: str | None = None) -> tuple[pafs.FileSystem, str]:
    """The filesystem and path of a job home: a directory or `s3://bucket/prefix`.

    `s3_url` overrides the S3 endpoint, as AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL do.
    """
    if not home.startswith("s3://"):
        return pafs.LocalFileSystem(), str(Path(home).absolute())
    endpoint = s3_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options: dict[str, Any] = {}
    if endpoint:
        parts = urlsplit(endpoint)
        options = {"endpoint_override": parts.netloc, "scheme": parts.scheme}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        options["region"] = region
    return pafs.S3FileSystem(**options), home.removeprefix("s3://").rstrip("/")


class JobFolder:
    """One job's folder. `home` is a directory or `s3://bucket/prefix`."""

    def __init__(self, home: str, job: str, *, s3_url: str | None = None) -> None:
        if not _ID.fullmatch(job):
            raise UsageError(f"{job!r} is not a job id", "List the jobs of a home with `rekscan jobs`.")
        self.home = home
        self.job = job
        self.fs, base = open_home(home, s3_url)
        self.root = f"{base}/{job}"
        self._spec: JobSpec | None = None

    @property
    def local(self) -> Path | None:
        """The folder as a local path, None on S3."""
        return Path(self.root) if isinstance(self.fs, pafs.LocalFileSystem) else None

    @property
    def where(self) -> str:
        """The folder as a person would name it."""
        return self.root if self.local else f"s3://{self.root}"

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
        if self.fs.get_file_info(self.root).type != pafs.FileType.NotFound:
            self.fs.delete_dir(self.root)

    # --- manifest

    def manifest_writer(self, part_rows: int = PART_ROWS, start: int = 0) -> ManifestWriter:
        """`start`: items that whole parts hold already."""
        return ManifestWriter(self.write, part_rows, start)

    def manifest_batches(self) -> Iterator[pa.RecordBatch]:
        """The whole manifest in order, a row group at a time (constant memory)."""
        for path in self._files("manifest")[: self.spec.manifest_parts]:
            with self.fs.open_input_file(path) as file:
                part = pq.ParquetFile(file)
                documents.check_file(part.metadata.metadata, path)
                yield from part.iter_batches(batch_size=10_000)

    def items(self, shard: int) -> list[Item]:
        """The items of one shard, skipped ones too."""
        size = self.spec.shard_size
        start, stop = shard * size, min((shard + 1) * size, self.spec.items)
        rows: list[Item] = []
        rows_of_part = self.spec.part_rows
        for part in range(start // rows_of_part, (stop - 1) // rows_of_part + 1):
            path = f"{self.root}/manifest/part-{part:05d}.parquet"
            with self.fs.open_input_file(path) as handle:
                file = pq.ParquetFile(handle)
                documents.check_file(file.metadata.metadata, path)
                base = part * rows_of_part
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    low, high = max(start, base), min(stop, base + count)
                    if low < high:
                        piece = file.read_row_group(group).slice(low - base, high - low)
                        rows += [item for batch in piece.to_batches() for item in from_batch(batch)]
                    base += count
        return rows

    # --- results

    def shard_parts(self) -> dict[int, ShardParts]:
        """The parts of every shard that has any."""
        return by_shard(self._files("results"))

    def parts_of(self, shard: int) -> ShardParts:
        """The parts of one shard."""
        return by_shard(self._files("results", f"shard-{shard:06d}")).get(shard, ShardParts())

    def result_parts(self) -> dict[int, list[str]]:
        """Shard -> the part files that `result` reads for it."""
        return {shard: parts.files for shard, parts in self.shard_parts().items() if parts.files}

    def result(self, paths: Iterable[str]) -> pa.Table:
        """The outcomes in the part files of one shard, each call once, in item order (jobs/folder/merging.py)."""
        read = [(name, read_part(self.fs, path)) for path in paths if (name := PartName.parse(path)) is not None]
        if len(read) == 1 and read[0][0].whole:
            return read[0][1]
        table = merged(read, self.month)
        return table.filter(pc.not_equal(table.column("outcome"), OPEN))

    @property
    def month(self) -> str:
        """The month the job was made in: of what tells none."""
        return self.spec.created_at[:7]

    def commit(self, shard: int, outcomes: Iterable[Outcome], *, holder: str = "", retry: int = 0) -> bool:
        """Write a shard's outcomes as one part, in one step: as the whole one, or as what `holder` knows.

        False when somebody else wrote the whole part first; it stays as it is.
        """
        buffer = io.BytesIO()
        pq.write_table(to_table(outcomes).replace_schema_metadata(documents.STAMP), buffer, compression="zstd")
        return self.write(PartName(shard, retry, holder).path, buffer.getvalue(), once=True)

    # --- files

    def read(self, name: str) -> bytes | None:
        """A small file of the folder, None if it is not there."""
        try:
            with self.fs.open_input_file(f"{self.root}/{name}") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes, *, once: bool = False) -> bool:
        """Write a file in one step: a reader sees all of it or nothing. `once`: keep the file that is there already.

        Returns whether it was written.
        """
        path = f"{self.root}/{name}"
        if self.local is None:
            if once and self.fs.get_file_info(path).type == pafs.FileType.File:
                return False
            with self.fs.open_output_stream(path) as stream:
                stream.write(data)
            return True
        target = Path(path)
        self._make_private(target.parent)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if once:
                os.link(temporary, target)
            else:
                temporary.replace(target)
            _sync(target.parent)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def delete(self, name: str) -> None:
        """Delete a derived file, if it is there."""
        path = f"{self.root}/{name}"
        if self.fs.get_file_info(path).type == pafs.FileType.File:
            self.fs.delete_file(path)

    def _make_private(self, directory: Path) -> None:
        """Results are personal data: the job's folder is its owner's alone."""
        directory.mkdir(parents=True, exist_ok=True)
        Path(self.root).chmod(0o700)

    def names(self, folder: str) -> list[str]:
        """The file names in one of the job's folders, in order."""
        return [path.rpartition("/")[2] for path in self._files(folder)]

    def _files(self, folder: str, prefix: str = "") -> list[str]:
        if self.local is not None and prefix:  # a job may have many parts: no look at each
            return sorted(map(str, (self.local / folder).glob(f"{prefix}*")))
        selector = pafs.FileSelector(f"{self.root}/{folder}", allow_not_found=True)
        found = (i for i in self.fs.get_file_info(selector) if i.is_file and i.base_name.startswith(prefix))
        return sorted(i.path for i in found if not i.base_name.startswith("."))


def _sync(directory: Path) -> None:
    """A name survives a power cut once its directory is on the disk, too."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def list_jobs(home: str, *, s3_url: str | None = None) -> list[str]:
    """The ids of the jobs in a home, oldest first."""
    fs, base = open_home(home, s3_url)
    infos = fs.get_file_info(pafs.FileSelector(base, allow_not_found=True))
    names = [info.base_name for info in infos if info.type == pafs.FileType.Directory]
    found = [name for name in names if _ID.fullmatch(name)]
    return sorted(n for n in found if fs.get_file_info(f"{base}/{n}/job.json").type == pafs.FileType.File)
