"""Answers on stored video: pages in a file that is whole or not there, on a disk and on S3."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.documents import KEY, NEWEST, NewerFormat
from jobs.folder import JobFolder
from jobs.folder.half_written import set_pages_aside
from jobs.folder.video_pages import PagesName, PagesReader, PagesWriter, all_pages, newest_pages
from tests.integration.files.conftest import Place, kind, place, s3

__all__ = ["kind", "place", "s3"]  # fixtures

JOB = "20261123-000000-abcd"
NAME = PagesName("video-labels", 12)


@pytest.fixture
def folder(place: Place) -> JobFolder:
    return JobFolder(place.home, JOB, place.aws)


@pytest.fixture
def local(tmp_path: Path) -> JobFolder:
    return JobFolder(str(tmp_path), JOB)


def page(number: int) -> str:
    return json.dumps({"Labels": [{"Timestamp": number, "Label": {"Name": "Ünïcode"}}]}, ensure_ascii=False)


def write(folder: JobFolder, name: PagesName = NAME, pages: int = 3) -> None:
    with PagesWriter(folder, name, "j" * 64) as writer:
        for number in range(1, pages + 1):
            writer.append(number, page(number) if number % 2 else page(number).encode())
        writer.done()


def read(folder: JobFolder, name: PagesName = NAME) -> list[str]:
    with PagesReader(folder, name) as reader:
        return [text.decode() for text in reader]


def test_pages_come_back_as_they_were_in_order_and_the_file_says_whose_they_are(folder: JobFolder) -> None:
    write(folder)
    assert read(folder) == [page(1), page(2), page(3)]
    with PagesReader(folder, NAME) as reader:
        assert (reader.answer.name, reader.answer.job_id) == (NAME, "j" * 64)


def test_a_block_left_before_the_last_page_leaves_no_file(folder: JobFolder) -> None:
    with PagesWriter(folder, NAME, "j") as writer:
        writer.append(1, page(1))
    with pytest.raises(OSError, match="cable"), PagesWriter(folder, NAME, "j") as writer:
        writer.append(1, page(1))
        raise OSError("cable")
    assert all_pages(folder, NAME.api) == []


def test_the_highest_epoch_of_an_item_counts(folder: JobFolder) -> None:
    for item, epoch in ((12, 0), (12, 2), (12, 10), (7, 1)):
        write(folder, PagesName(NAME.api, item, epoch), 1)
    write(folder, PagesName("video-faces", 12, 11), 1)
    assert newest_pages(folder, NAME.api) == {7: PagesName(NAME.api, 7, 1), 12: PagesName(NAME.api, 12, 10)}


def test_a_page_twice_or_left_out_is_no_answer(local: JobFolder) -> None:
    for odd in (1, 3):
        with pytest.raises(ValueError, match=f"page {odd} comes after 1"), PagesWriter(local, NAME, "j") as writer:
            writer.append(1, page(1))
            writer.append(odd, page(odd))
    with pytest.raises(ValueError, match="a page at least"), PagesWriter(local, NAME, "j") as writer:
        writer.done()


def test_each_page_is_a_row_group_so_one_is_read_at_a_time(local: JobFolder) -> None:
    write(local, pages=5)
    metadata = pq.read_metadata(f"{local.root}/{NAME.path}")
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [1] * 5


def test_a_half_written_file_is_put_aside_and_the_one_before_it_counts(local: JobFolder) -> None:
    newer = PagesName(NAME.api, 12, 1)
    write(local)
    write(local, newer)
    cut = Path(local.root) / newer.path
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(pa.ArrowInvalid):
        read(local, newer)
    assert set_pages_aside(local, NAME.api) == {12: NAME}
    assert PagesName(NAME.api, 12, 1, torn=True) in all_pages(local, NAME.api)
    assert set_pages_aside(local, NAME.api) == {12: NAME}


def test_a_file_of_a_newer_format_is_refused_and_so_is_one_that_says_nothing(local: JobFolder) -> None:
    write(local)
    path = f"{local.root}/{NAME.path}"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, KEY: str(NEWEST + 1).encode()}), path)
    with pytest.raises(NewerFormat):
        read(local)
    pq.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(pa.ArrowInvalid, match="whose answer"):
        read(local)


def test_other_files_of_the_folder_are_no_answers() -> None:
    for odd in ("results/shard-000012.parquet", "results/video/video-labels/item-12-e0.parquet", f"{NAME.path}.tmp"):
        assert PagesName.parse(odd) is None
    assert PagesName.parse(f"/home/x/{NAME.path}") == NAME
