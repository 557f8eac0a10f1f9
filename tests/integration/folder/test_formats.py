"""The files of a real job home: each says its format, is on the page, and is refused where its format is newer."""

import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import costs
from jobs.apis import parse
from jobs.documents import FORMAT, KEY, NEWEST, NewerFormat
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem, FilmsWriter, all_films
from jobs.folder.models import model_runs, write_start, write_stop
from jobs.folder.retries import newest, plan_retry
from jobs.folder.spec import Amendment, JobSpec, Options
from jobs.folder.video_pages import PagesName, PagesReader, PagesWriter
from jobs.items import Item
from jobs.known.answers import Answers
from jobs.known.duplicates import duplicates, write_duplicates
from jobs.known.index import Index, Place
from jobs.known.keys import call_ids
from jobs.known.segments import Segments
from jobs.known.sync import index_job, sync
from jobs.outcomes import Outcome, from_table
from jobs.planned import PlanDocument
from jobs.status import keep, kept, status
from reports.review.judged import judge, read_review
from reports.review.verdicts import Verdict
from reports.tables.build import build_tables
from reports.tables.built import built_tables
from tests.support.places import ROOT

JOB = "20261123-000000-aaaa"
PAGES = PagesName("video-labels", 0)
MODEL = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1767225600000"
APIS = parse([f"labels,custom-labels:project_version_arn={MODEL}"])
LABELS = '{"Labels": [{"Name": "Cat", "Confidence": 90.0}]}'


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A job with every kind of file, finished."""
    found = JobFolder(str(tmp_path), JOB)
    with found.manifest_writer() as writer:
        writer.add(*(Item(n, f"s3://b/{n}.jpg", "image", 5, etag="e") for n in range(4)))
    found.create(
        JobSpec(
            JOB, "2026-11-23T00:00:00+00:00", ("s3://b",), APIS, "us-east-1", "123456789012", 2, 2, {},
            PlanDocument(), {"source": "", "as_of": "", "meters": {}}, options=Options(cut=True),
        )
    )  # fmt: skip
    found.amend(Amendment(1, 4, PlanDocument()))
    write_duplicates(found, amended=1)
    found.commit(0, [Outcome(0, "labels", "ok", content="c0", response=LABELS, sent="bytes")], holder="one")
    rows = [Outcome(n, "labels", "ok", content=f"c{n}", response=LABELS, sent="bytes") for n in range(4)]
    found.commit(0, rows[:2])
    found.commit(1, [rows[2], Outcome(3, "labels", "failed", code="Boom")])
    plan_retry(found)
    write_stop(found, write_start(found, "custom-labels", MODEL, 2).number, sent=True)
    found.commit(1, rows[3:], retry=1)
    with PagesWriter(found, PAGES, "job") as writer:
        writer.append(1, LABELS)
        writer.done()
    keep(found, status(found.spec, costs.counters(found), "finished"))
    build_tables(found)
    index_job(found, final=True)
    judge(found, [Verdict("labels", "Cat", 90.0, True)])
    return found


def stamped_newer(path: Path) -> None:
    """A file as a later version would write it, with a column that nobody knows yet."""
    if path.suffix == ".json":
        path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "format": NEWEST + 1}))
        return
    table = pq.read_table(path)
    metadata = {**pq.read_metadata(path).metadata, KEY: str(NEWEST + 1).encode()}
    about = metadata.get(b"rekscan")
    if about:
        metadata[b"rekscan"] = orjson.dumps({**orjson.loads(about), "format": NEWEST + 1})
    pq.write_table(table.append_column("later", pa.nulls(len(table))).replace_schema_metadata(metadata), path)


READ: dict[str, Callable[[JobFolder], Any]] = {
    "job.json": lambda folder: folder.spec,
    "amended-001.json": lambda folder: folder.spec,
    "manifest/part-00000.parquet": lambda folder: (folder.items(0), list(folder.manifest_batches())),
    "duplicates-001/part-00000.parquet": lambda folder: duplicates(folder, 0),
    "results/shard-000000.parquet": lambda folder: folder.result(folder.result_parts()[0]),
    "results/shard-000001-r001.parquet": costs.tally,
    "results/video/video-labels/item-00000000-e0.parquet": lambda folder: list(PagesReader(folder, PAGES)),
    "retries/r001.parquet": lambda folder: newest(folder).shards(),  # type: ignore[union-attr]
    "models/001-started.json": model_runs,
    "models/001-stopped.json": model_runs,
    "reports/status.json": kept,
    "reports/tables.json": built_tables,
    "reports/review.json": read_review,
}


@pytest.mark.parametrize("name", READ)
def test_each_file_is_read_by_its_own_version_and_refused_by_an_earlier_one(folder: JobFolder, name: str) -> None:
    assert READ[name](JobFolder(folder.home, JOB)) is not None
    stamped_newer(Path(folder.root) / name)
    with pytest.raises(NewerFormat, match="was written by a newer rekscan"):
        READ[name](JobFolder(folder.home, JOB))


def test_every_file_says_its_format(folder: JobFolder) -> None:
    files = [Path(folder.root) / name for name in READ] + list((Path(folder.root).parent / "known").iterdir())
    for path in files:
        if path.suffix == ".json":
            assert orjson.loads(path.read_bytes())["format"] == FORMAT, path
        else:
            assert pq.read_metadata(path).metadata[KEY] == str(FORMAT).encode(), path


def test_every_file_is_on_the_page(folder: JobFolder) -> None:
    page = (ROOT / "docs" / "job-folder.md").read_text()
    named = re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)))
    patterns = [re.sub(r"\d+", "*", name) for name in named if "/" in name or name.endswith(".json")]
    for path in Path(folder.root).rglob("*"):
        name = str(path.relative_to(Path(folder.root)))
        if path.is_file() and not name.startswith("reports/"):
            assert any(fnmatch(name, pattern) for pattern in patterns), name
    assert {name for name in READ if name.startswith("reports/")} <= set(named)


def test_answers_of_a_later_version_are_passed_by_and_left_alone(folder: JobFolder) -> None:
    calls = call_ids(folder.spec.account, folder.spec.apis[0], fit=True)
    (segment,) = (Path(folder.root).parent / "known").iterdir()
    assert Index(Segments(folder.home)).find("c0", calls)
    place = Place(JOB, "shard-000000", 0)
    assert Answers(folder.home).at(place, "labels") is not None

    stamped_newer(segment)
    stamped_newer(Path(folder.root) / "results/shard-000000.parquet")
    before = segment.read_bytes()
    assert not Index(Segments(folder.home))
    assert Answers(folder.home).at(place, "labels") is None
    stamped_newer(Path(folder.root) / "job.json")
    sync(folder.home)  # nothing of it is taken, nothing is merged away
    assert [path.read_bytes() for path in (Path(folder.root).parent / "known").iterdir()] == [before]


def test_a_part_of_a_version_with_fewer_columns_or_more_is_read_by_what_it_has(folder: JobFolder) -> None:
    path = Path(folder.root) / "results/shard-000000.parquet"
    table = pq.read_table(path)
    other = table.drop_columns(["answer_of"]).append_column("later", pa.nulls(len(table)))
    pq.write_table(other.replace_schema_metadata(None), path)  # as format 1 wrote it
    assert from_table(folder.result([str(path)])) == from_table(table)


def test_films_of_a_job_that_knew_no_transcoding_are_read(tmp_path: Path) -> None:
    folder = JobFolder(str(tmp_path), JOB)
    one = FilmItem(7, "s3://films/a.mp4", 12, "etag:ab", 1000, 1000, "mp4", "h264")
    with FilmsWriter(folder.write) as films:
        films.add(one)
    path = tmp_path / JOB / "films" / "part-00000.parquet"
    pq.write_table(pq.read_table(path).drop_columns("transcoded"), path)
    assert list(all_films(folder)) == [one]
