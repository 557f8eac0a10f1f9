"""A scan of a folder or prefix that holds our own jobs, or what systems leave behind, takes the pictures alone."""

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.folder import new_job_id
from jobs.items import Item
from jobs.sources import Globs, enumerate_sources
from jobs.sources.left_out import BY_PRODUCTS
from tests.support.s3_server import S3Server, s3_server

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
OLD_HOME = Path(__file__).parents[2] / "fixtures/jobs/finished/home"  # written by an earlier version


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def listed(*sources: object, s3: S3Server | None = None, globs: Globs | None = None) -> list[Item]:
    factory = s3.client if s3 else lambda: None
    return list(enumerate_sources([str(each) for each in sources], s3_client_factory=factory, globs=globs or Globs()))


def sent(found: list[Item]) -> list[str]:
    return [item.uri for item in found if item.skip is None]


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return root


def with_thumbnails(home: Path) -> None:
    for job in home.glob("2*"):
        tree(job, "reports/report-pictures/0001.jpg", "inputs/source.jpg")


@pytest.mark.parametrize("place", ["rekscan-jobs", "deep/er/home", "."])
def test_a_job_folder_below_a_directory_is_one_row_and_costs_nothing(tmp_path: Path, place: str) -> None:
    shutil.copytree(OLD_HOME, tmp_path / place, dirs_exist_ok=True)
    with_thumbnails(tmp_path / place)
    tree(tmp_path, "a.jpg", "z/b.jpg")
    found = listed(tmp_path)
    assert sent(found) == [f"{tmp_path}/a.jpg", f"{tmp_path}/z/b.jpg"]
    own = [item.uri for item in found if item.skip == "own-output"]
    assert own == [f"{(tmp_path / place).resolve()}/{job.name}/" for job in sorted(OLD_HOME.glob("2*"))]


def test_a_job_folder_is_told_by_its_content_and_an_unfinished_one_by_its_name(tmp_path: Path) -> None:
    tree(tmp_path, "renamed/job.json", "renamed/manifest/part-00000.parquet", "renamed/reports/x.jpg")
    tree(tmp_path, f"{new_job_id()}/inputs/x.jpg", "20261127-203631-d17b/x.jpg", "party/job.json", "party/x.jpg")
    assert sent(listed(tmp_path)) == [f"{tmp_path}/20261127-203631-d17b/x.jpg", f"{tmp_path}/party/x.jpg"]


def test_a_job_folder_that_is_named_as_the_source_is_scanned(tmp_path: Path) -> None:
    shutil.copytree(OLD_HOME, tmp_path / "home")
    with_thumbnails(tmp_path / "home")
    job = sorted((tmp_path / "home").glob("2*"))[0]
    expected = [f"{job}/inputs/source.jpg", f"{job}/reports/report-pictures/0001.jpg"]
    assert sent(listed(job)) == expected
    assert sent(listed(tmp_path, job / "inputs")) == expected[:1]  # beside a source that passes it by


def test_a_home_below_a_prefix_costs_nothing(s3: S3Server, tmp_path: Path) -> None:
    shutil.copytree(OLD_HOME, tmp_path / "home")
    with_thumbnails(tmp_path / "home")
    home = {f"p/home/{path.relative_to(tmp_path / 'home')}": b"x" for path in (tmp_path / "home").rglob("*.*")}
    pictures = ["p/a.jpg", "p/home/b.jpg", "p/20261127-203631-d17b/c.jpg"]
    s3.bucket("shared", home | dict.fromkeys(pictures, JPEG))
    found = listed("s3://shared/p/", s3=s3)
    assert sent(found) == sorted(f"s3://shared/{key}" for key in pictures)
    assert sum(item.skip == "own-output" for item in found) == sum(key.endswith("jpg") for key in home)
    inside = "p/home/20261127-203631-d17b/"
    assert len(sent(listed(f"s3://shared/{inside}", s3=s3))) == 2
    assert len(sent(listed("s3://shared/p/", f"s3://shared/{inside}inputs/", s3=s3))) == 4


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "__MACOSX", "$RECYCLE.BIN"])
def test_what_systems_leave_behind_is_left_out_on_disk_and_on_s3(tmp_path: Path, s3: S3Server, name: str) -> None:
    tree(tmp_path, f"x/{name}/thumb.jpg", "x/a.jpg")
    assert [(item.uri, item.skip) for item in listed(tmp_path)] == [
        (f"{tmp_path}/x/a.jpg", None), (f"{tmp_path}/x/{name}/", "by-product"),
    ]  # fmt: skip
    assert sent(listed(tmp_path / "x" / name)) == [f"{tmp_path}/x/{name}/thumb.jpg"]
    bucket = "nas-" + re.sub(r"\W", "", name).lower()
    s3.bucket(bucket, {f"x/{name}/thumb.jpg": b"x", "x/a.jpg": b"x", "x/._a.jpg": b"x", "x/.DS_Store": b"x"})
    found = {item.uri.removeprefix(f"s3://{bucket}/x/"): item.skip for item in listed(f"s3://{bucket}", s3=s3)}
    assert found == {
        f"{name}/thumb.jpg": "by-product",
        "a.jpg": None,
        "._a.jpg": "by-product",
        ".DS_Store": "by-product",
    }
    assert sent(listed(f"s3://{bucket}/x/{name}/", s3=s3)) == [f"s3://{bucket}/x/{name}/thumb.jpg"]


def test_every_name_that_is_left_out_on_s3_is_left_out_on_disk(tmp_path: Path) -> None:
    tree(tmp_path, *(f"{name}/x.jpg" for name in BY_PRODUCTS))
    assert sent(listed(tmp_path)) == []


def test_a_list_made_of_such_a_folder_leaves_the_same_out(tmp_path: Path) -> None:
    own = "20261127-203631-d17b/reports/t.jpg"
    tree(tmp_path, "a.jpg", "@eaDir/t.jpg", own)
    (tmp_path / "l.txt").write_text(f"a.jpg\n@eaDir/t.jpg\n{own}\nhttps://h/@eaDir/t.jpg\n")
    assert [item.skip for item in listed(tmp_path / "l.txt")] == [None, "by-product", "own-output", None]


def test_globs_hold_for_every_kind_of_source(tmp_path: Path, s3: S3Server) -> None:
    globs = Globs(include=("*.jpg",), exclude=("raw", "2019/*/small-*"))
    names = ["a.jpg", "b.png", "raw/c.jpg", "2019/05/small-d.jpg", "2019/05/e.jpg"]
    tree(tmp_path / "p", *names)
    wanted = ["2019/05/e.jpg", "a.jpg"]
    found = listed(tmp_path / "p", globs=globs)
    assert sorted(sent(found)) == [f"{tmp_path}/p/{name}" for name in wanted]
    assert {item.uri for item in found if item.skip == "excluded"} == {
        f"{tmp_path}/p/{name}" for name in ("b.png", "raw/", "2019/05/small-d.jpg")
    }
    s3.bucket("globs", {f"p/{name}": b"x" for name in names})
    assert sent(listed("s3://globs/p/", s3=s3, globs=globs)) == [f"s3://globs/p/{name}" for name in wanted]
    (tmp_path / "p" / "l.txt").write_text("\n".join(names))
    assert sorted(sent(listed(tmp_path / "p" / "l.txt", globs=globs))) == [f"{tmp_path}/p/{name}" for name in wanted]
    table = io.BytesIO()
    pq.write_table(pa.table({"bucket": ["b"] * len(names), "key": names}), table)
    (tmp_path / "manifest.json").write_text(
        '{"fileFormat": "Parquet", "destinationBucket": "arn:aws:s3:::b", "files": [{"key": "d.parquet"}]}'
    )
    (tmp_path / "d.parquet").write_bytes(table.getvalue())
    assert sorted(sent(listed(tmp_path / "manifest.json", globs=globs))) == [f"s3://b/{name}" for name in wanted]
