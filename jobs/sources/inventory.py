"""An S3 Inventory report as a source: `manifest.json` and the CSV.gz, ORC or Parquet files it names.

Rule: column-wise from end to end; no row ever is a Python object. Facts of the format: S3 user guide, "Amazon S3
Inventory" (CSV keys are URL-encoded; IsLatest and IsDeleteMarker are there when all versions are listed).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.orc as orc
import pyarrow.parquet as pq

from jobs.errors import RekscanError
from jobs.sources.inventory_rows import rows_of
from jobs.sources.lists import as_path, open_bytes
from jobs.sources.s3 import S3ClientFactory
from jobs.uris import is_local, path_of

_BATCH = 32_768  # rows
_BLOCK = 1 << 20  # bytes read at once
Format = Literal["CSV", "ORC", "Parquet"]


@dataclass(frozen=True, slots=True)
class Report:
    """What manifest.json says."""

    format: Format
    columns: tuple[str, ...]  # of a CSV, normalised: `Last_Modified-Date` -> `lastmodifieddate`
    destination: str  # bucket of the data files
    files: tuple[str, ...]  # keys of the data files


@dataclass(frozen=True, slots=True)
class Inventory:
    """`uri`: of manifest.json, local or s3://. A local copy may hold the data files in the bucket's layout, in `data/`
    beside or above the manifest, or next to it."""

    uri: str
    s3_client_factory: S3ClientFactory

    def batches(self) -> Iterator[pa.RecordBatch]:
        """ROW_SCHEMA batches. Raises RekscanError for a manifest that is none, or a data file that is missing."""
        report = self.report()
        for key in report.files:
            with as_path(self._place(report, key), self.s3_client_factory) as path:
                try:
                    for table in _read(path, report):
                        yield rows_of(table, encoded=report.format == "CSV")
                except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
                    raise RekscanError(f"{key} of {self.uri} cannot be read: {error}", "Fetch it again.") from error

    def report(self) -> Report:
        place = os.fsdecode(path_of(self.uri)) if is_local(self.uri) else self.uri
        with open_bytes(place, self.s3_client_factory) as file:
            data = file.read()
        try:
            document: dict[str, Any] = orjson.loads(data)
            format_ = document["fileFormat"]
            if format_ not in ("CSV", "ORC", "Parquet"):
                raise ValueError(f"file format {format_!r}")
            return Report(
                format=format_,
                columns=tuple(normal(name) for name in document["fileSchema"].split(",")) if format_ == "CSV" else (),
                destination=document["destinationBucket"].rpartition(":")[2],
                files=tuple(file["key"] for file in document["files"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RekscanError(
                f"{self.uri} is not an S3 Inventory manifest: {error}", "Give the manifest.json of a report."
            ) from error

    def _place(self, report: Report, key: str) -> str:
        if not is_local(self.uri):
            return f"s3://{report.destination}/{key}"
        folder = os.path.dirname(os.fsdecode(path_of(self.uri)))  # noqa: PTH120
        name = key.rpartition("/")[2]
        tried = [
            os.path.join(folder, key),  # noqa: PTH118
            os.path.join(folder, "data", name),  # noqa: PTH118
            os.path.join(os.path.dirname(folder), "data", name),  # noqa: PTH118, PTH120
            os.path.join(folder, name),  # noqa: PTH118
        ]
        for place in tried:
            if os.path.isfile(place):  # noqa: PTH113
                return place
        return f"s3://{report.destination}/{key}"


def normal(name: str) -> str:
    """`e_tag`, `ETag` and ` ETag` are one column."""
    return name.strip().lower().replace("_", "")


def _read(path: str, report: Report) -> Iterator[pa.Table]:
    """The file in tables of up to about _BATCH rows, columns named as `normal` does."""
    if report.format == "Parquet":
        parquet = pq.ParquetFile(path, pre_buffer=False, buffer_size=_BLOCK)
        for batch in parquet.iter_batches(batch_size=_BATCH, columns=_wanted(parquet.schema_arrow.names)):
            yield _named(pa.Table.from_batches([batch]))
    elif report.format == "ORC":
        stripes = orc.ORCFile(path)
        for number in range(stripes.nstripes):
            whole = pa.Table.from_batches([stripes.read_stripe(number, columns=_wanted(stripes.schema.names))])
            for at in range(0, whole.num_rows, _BATCH):
                yield _named(whole.slice(at, _BATCH))
    else:
        stream = pa.CompressedInputStream(pa.OSFile(path), "gzip")
        names = list(report.columns)
        reader = pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(column_names=names, block_size=_BLOCK),
            parse_options=pacsv.ParseOptions(newlines_in_values=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=_wanted(names), strings_can_be_null=True
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])


_COLUMNS = frozenset(
    ("bucket", "key", "versionid", "islatest", "isdeletemarker", "size", "lastmodifieddate", "etag", "storageclass")
)


def _wanted(names: list[str]) -> list[str]:
    found = [name for name in names if normal(name) in _COLUMNS]
    if not {"bucket", "key"} <= {normal(name) for name in found}:
        raise RekscanError("the inventory has no bucket and key columns", "Use a report that S3 wrote.")
    return found


def _named(table: pa.Table) -> pa.Table:
    return table.rename_columns([normal(name) for name in table.column_names])
