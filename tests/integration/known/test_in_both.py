"""How many pictures two listings may have in common: exact where S3 tells what an object is, else never too few."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jobs import documents
from jobs.files import ParquetFiles, open_home
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.known.in_both import Listed, in_both


def listed(path: Path, rows: Iterable[tuple[int | None, str | None]], *, etags: bool = True) -> Listed:
    """Pictures by (size, ETag)."""
    items = [
        Item(item_id=n, uri=f"/{n}", kind="image", size=size, etag=etag, version=None, modified=None, skip=None)
        for n, (size, etag) in enumerate(rows)
    ]
    batch = to_batch([*items, Item(len(items), "/v.mp4", "video", 7, None, None, None, None)])
    pq.write_table(pa.Table.from_batches([batch]).replace_schema_metadata(documents.STAMP), path)
    files, where = open_home(str(path))
    return Listed(ParquetFiles(files, (where,)), etags)


def test_objects_of_aws_are_told_by_their_etags(tmp_path: Path) -> None:
    mine = listed(tmp_path / "a", [(5, "x"), (5, "y"), (6, "x"), (5, "x")])
    assert in_both(mine, listed(tmp_path / "b", [(5, "x"), (9, "y")])) == 2
    assert in_both(mine, listed(tmp_path / "c", [(5, None), (6, None)])) == 0  # files: known by another name
    assert in_both(mine, listed(tmp_path / "d", [])) == 0


def test_where_etags_say_nothing_as_many_bytes_may_be_equal(tmp_path: Path) -> None:
    files = listed(tmp_path / "a", [(5, None), (6, None), (7, None)])
    assert in_both(files, listed(tmp_path / "b", [(6, "e"), (7, "f"), (8, "g")], etags=False)) == 2
    assert in_both(files, listed(tmp_path / "c", [(8, None)])) == 0


def test_a_url_may_be_any_file(tmp_path: Path) -> None:
    files, urls = listed(tmp_path / "a", [(5, None), (6, "e")]), listed(tmp_path / "b", [(None, None), (None, None)])
    assert in_both(files, urls) == 1
    assert in_both(urls, files) == 2
    assert in_both(urls, listed(tmp_path / "c", [(6, "e")])) == 0
