import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import orjson
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from jobs.errors import RekscanError
from jobs.items import Item
from jobs.sources import enumerate_sources
from tests.support.s3_server import S3Server, s3_server

KEYS = ["a/1 +é%20.jpg", "a/2.png", "dir/", "doc.txt", "cold.jpg", 'q,"uote.webp', "noext", "old.jpg"]
FORMATS = ("CSV", "Parquet", "ORC")


def columns() -> dict[str, list[Any]]:
    count = len(KEYS)
    return {
        "bucket": ["arch"] * count,
        "key": KEYS,
        "version_id": [f"v{n}" for n in range(count)],
        "is_latest": [key != "old.jpg" for key in KEYS],
        "is_delete_marker": [False] * count,
        "size": [0 if key == "dir/" else 5 for key in KEYS],
        "last_modified_date": [1_767_323_045_000] * count,  # ms: 2026-01-02T03:04:05Z
        "e_tag": [f"e{n}" for n in range(count)],
        "storage_class": ["GLACIER" if key == "cold.jpg" else "STANDARD" for key in KEYS],
        "replication_status": [""] * count,
    }


def data_file(format_: str) -> bytes:
    rows = columns()
    buffer = io.BytesIO()
    if format_ == "CSV":
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL)
        for number, key in enumerate(KEYS):
            flag = str(rows["is_latest"][number]).lower()
            writer.writerow([
                "arch", quote_plus(key), f"v{number}", flag, "false", rows["size"][number], "2026-01-02T03:04:05.000Z",
                f"e{number}", rows["storage_class"][number], "",
            ])  # fmt: skip
        return gzip.compress(text.getvalue().encode())
    table = pa.table(rows)
    at = table.schema.get_field_index("last_modified_date")
    table = table.set_column(at, "last_modified_date", table.column(at).cast(pa.timestamp("ms")))
    if format_ == "Parquet":
        pq.write_table(table, buffer)
    else:
        orc.write_table(table, buffer)
    return buffer.getvalue()


def manifest(format_: str, key: str) -> bytes:
    schema = {
        "CSV": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, Other",
        "Parquet": "message s3.inventory { required binary bucket (UTF8); }",
        "ORC": "struct<bucket:string,key:string>",
    }[format_]
    return orjson.dumps(
        {
            "sourceBucket": "arch",
            "destinationBucket": "arn:aws:s3:::inventories",
            "version": "2016-11-30",
            "fileFormat": format_,
            "fileSchema": schema,
            "files": [{"key": key, "size": 1, "MD5checksum": "x"}],
        }
    )


def expected() -> list[tuple[str, str, int, str, str, str | None]]:
    skips = {"dir/": "folder", "doc.txt": "not-media", "cold.jpg": "archived: GLACIER"}
    return [
        (
            f"s3://arch/{key}",
            "other" if key == "doc.txt" else "image",
            0 if key == "dir/" else 5,
            f"e{n}",
            f"v{n}",
            skips.get(key),
        )
        for n, key in enumerate(KEYS)
        if key != "old.jpg"
    ]


def facts(found: list[Item]) -> list[tuple[str, str, int | None, str | None, str | None, str | None]]:
    assert {item.modified.isoformat() for item in found if item.modified} == {"2026-01-02T03:04:05+00:00"}
    return [(item.uri, item.kind, item.size, item.etag, item.version, item.skip) for item in found]


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("inventories", {})
        yield server


@pytest.mark.parametrize("format_", FORMATS)
def test_an_inventory_on_s3(s3: S3Server, format_: str) -> None:
    client = s3.client()
    client.put_object(Bucket="inventories", Key=f"{format_}/data/1", Body=data_file(format_))
    client.put_object(Bucket="inventories", Key=f"{format_}/manifest.json", Body=manifest(format_, f"{format_}/data/1"))
    found = list(enumerate_sources([f"s3://inventories/{format_}/manifest.json"], s3_client_factory=s3.client))
    assert facts(found) == expected()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("place", ["data", "2026-01-02/../data", "2026-01-02"])
def test_a_copy_on_disk(tmp_path: Path, format_: str, place: str) -> None:
    folder = tmp_path / ("2026-01-02" if "2026" in place else "")
    folder.mkdir(exist_ok=True)
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / "f1").write_bytes(data_file(format_))
    (folder / "manifest.json").write_bytes(manifest(format_, "prefix/arch/all/data/f1"))
    found = list(enumerate_sources([str(folder / "manifest.json")], s3_client_factory=lambda: None))
    assert facts(found) == expected()


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"fileFormat": "XML", "files": []}'])
def test_what_is_no_inventory_manifest_is_an_error(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(text)
    with pytest.raises(RekscanError, match="not an S3 Inventory manifest"):
        list(enumerate_sources([str(tmp_path / "manifest.json")], s3_client_factory=lambda: None))


def test_a_broken_data_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "f1").write_bytes(b"PAR1 not really")
    (tmp_path / "manifest.json").write_bytes(manifest("Parquet", "p/data/f1"))
    with pytest.raises(RekscanError, match="p/data/f1"):
        list(enumerate_sources([str(tmp_path / "manifest.json")], s3_client_factory=lambda: None))
