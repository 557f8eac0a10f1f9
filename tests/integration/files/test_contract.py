"""What `Files` promises, on a disk and on S3: the same bodies, whatever a home lies on."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from jobs.files import ParquetFiles, read_table
from tests.integration.files.conftest import Place

LARGE = 20_000_000  # beyond one part of an upload


def names(place: Place, folder: str) -> list[str]:
    return [entry.name for entry in place.files.entries(place.path(folder))]


def test_what_is_written_is_read(place: Place) -> None:
    place.files.write(place.path("a/b.bin"), b"one")
    assert place.files.read(place.path("a/b.bin")) == b"one"
    assert place.files.exists(place.path("a/b.bin"))
    place.files.write(place.path("a/b.bin"), b"two")
    assert place.files.read(place.path("a/b.bin")) == b"two"


def test_an_empty_file_is_a_file(place: Place) -> None:
    place.files.write(place.path("empty"), b"")
    assert place.files.read(place.path("empty")) == b""
    with place.files.open(place.path("empty")) as file:
        assert (file.size(), file.read()) == (0, b"")


def test_what_is_not_there_is_missing_not_wrong(place: Place) -> None:
    place.files.write(place.path("folder/file"), b"x")
    assert place.files.read(place.path("nothing")) is None
    assert not place.files.exists(place.path("nothing"))
    assert not place.files.exists(place.path("folder"))
    assert place.files.entries(place.path("no/folder")) == []
    assert place.files.folders(place.path("no/folder")) == []
    with pytest.raises(FileNotFoundError):
        place.files.open(place.path("nothing"))
    with pytest.raises(FileNotFoundError):
        read_table(place.files, place.path("nothing"))


def test_what_is_deleted_is_gone_and_deleting_it_again_is_no_error(place: Place) -> None:
    for name in ("folder/a", "folder/deep/b", "folder-beside/c"):
        place.files.write(place.path(name), b"x")
    place.files.delete(place.path("folder/a"))
    place.files.delete(place.path("folder/a"))
    assert names(place, "folder") == []
    place.files.delete_folder(place.path("folder"))
    place.files.delete_folder(place.path("folder"))
    assert not place.files.exists(place.path("folder/deep/b"))
    assert place.files.exists(place.path("folder-beside/c"))


def test_a_file_written_once_stays_as_it_is(place: Place) -> None:
    place.files.write(place.path("once"), b"first", once=True)
    place.files.write(place.path("once"), b"second", once=True)
    assert place.files.read(place.path("once")) == b"first"


def test_of_several_writers_at_once_one_wins_and_every_reader_sees_the_same(place: Place) -> None:
    together = threading.Barrier(8)

    def write(number: int) -> bytes | None:
        together.wait()
        place.files.write(place.path("raced"), bytes([number]) * 100_000, once=True)
        return place.files.read(place.path("raced"))

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(write, range(8)))
    assert len(seen) == 1
    assert len(set(seen.pop() or b"")) == 1


def test_a_folder_lists_its_files_in_order_with_their_sizes(place: Place) -> None:
    for name in ("b", "a", "ü ~%+&", ".hidden", "deep/c"):
        place.files.write(place.path(f"folder/{name}"), name.encode())
    found = place.files.entries(place.path("folder"))
    assert [(entry.name, entry.size) for entry in found] == [("a", 1), ("b", 1), ("ü ~%+&", 7)]
    assert [place.files.read(entry.path) for entry in found] == [b"a", b"b", "ü ~%+&".encode()]
    assert place.files.folders(place.path("folder")) == ["deep"]


def test_a_folder_of_more_files_than_one_page_is_listed_whole(place: Place) -> None:
    place.fill({f"many/{n:04d}": b"" for n in range(1003)})
    assert names(place, "many") == [f"{n:04d}" for n in range(1003)]
    place.files.delete_folder(place.path("many"))
    assert names(place, "many") == []


def test_a_stream_becomes_a_file_when_it_ends_well(place: Place) -> None:
    data = os.urandom(LARGE)
    with place.files.writing(place.path("folder/streamed")) as sink:
        for start in range(0, LARGE, 1_000_000):
            sink.write(data[start : start + 1_000_000])
        assert names(place, "folder") == []
    assert place.files.read(place.path("folder/streamed")) == data


def test_a_stream_that_breaks_off_was_never_there(place: Place) -> None:
    with pytest.raises(ZeroDivisionError), place.files.writing(place.path("folder/streamed")) as sink:
        sink.write(b"x" * LARGE)
        raise ZeroDivisionError
    assert names(place, "folder") == []


def test_a_file_is_read_here_and_there(place: Place) -> None:
    data = os.urandom(3_000_000)
    place.files.write(place.path("random"), data)
    (entry,) = place.files.entries(place.base)
    for size in (None, entry.size):
        with place.files.open(place.path("random"), size) as file:
            assert file.size() == len(data)
            for start, count in ((2_999_000, 5_000), (0, 10), (10, 500_000), (1_000_000, 1), (500, 2_999_400)):
                file.seek(start)
                assert file.read(count) == data[start : start + count]
            file.seek(len(data))
            assert file.read(10) == b""


def test_tables_are_read_one_after_the_other(place: Place) -> None:
    for number in range(3):
        with place.files.writing(place.path(f"name=Dog/{number}.parquet")) as sink:
            pq.write_table(
                pa.table({"name": ["Cat"] * 50_000, "n": range(number * 50_000, (number + 1) * 50_000)}), sink
            )
    paths = [entry.path for entry in place.files.entries(place.path("name=Dog"))]
    tables = ParquetFiles(place.files, tuple(paths))
    assert tables.count_rows() == 150_000
    batches = tables.batches(["n"], ds.field("n") >= 149_990, rows=1000)
    assert [n for batch in batches for n in batch.column("n").to_pylist()] == list(range(149_990, 150_000))
    # The file says what is in it, not the folder it lies in.
    assert read_table(place.files, paths[0]).column("name").unique().to_pylist() == ["Cat"]


def test_what_was_built_aside_takes_the_place_of_what_was_there(place: Place) -> None:
    for build in ("first", "second"):
        with place.files.building(place.path("reports")) as area:
            (area / "page.html").write_text(build)
            (area / "pictures" / build).mkdir(parents=True)
            (area / "pictures" / build / "1.jpg").write_bytes(b"jpg")
            assert (place.files.read(place.path("reports/page.html")) or b"") != build.encode()
            for name in ("page.html", "pictures"):
                place.files.publish(area / name, place.path(f"reports/{name}"))
        assert not area.exists()
        assert place.files.read(place.path("reports/page.html")) == build.encode()
        assert place.files.folders(place.path("reports/pictures")) == [build]
        assert names(place, f"reports/pictures/{build}") == ["1.jpg"]
    assert place.files.folders(place.path("reports")) == ["pictures"]


def test_a_file_gets_another_name(place: Place) -> None:
    place.files.write(place.path("folder/a.parquet"), b"torn")
    place.files.rename(place.path("folder/a.parquet"), "a.parquet.torn")
    assert names(place, "folder") == ["a.parquet.torn"]
    assert place.files.read(place.path("folder/a.parquet.torn")) == b"torn"


def test_a_file_is_had_nearby_for_readers_that_know_only_disks(place: Place, tmp_path: Path) -> None:
    place.files.write(place.path("table"), b"x" * 100)
    assert Path(place.files.nearby(place.path("table"), str(tmp_path))).read_bytes() == b"x" * 100


def test_a_file_is_named_as_a_person_would(place: Place) -> None:
    assert place.files.uri(place.path("a")) == f"{place.home}/a"
