"""Looks of the bundled models in a job's folder: kept with the answers, told apart from them."""

from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from jobs import costs
from jobs.apis import ask
from jobs.conditions import conditioned
from jobs.documents import FIRST
from jobs.folder import JobFolder
from jobs.folder.retries import plan_retry
from jobs.folder.spec import JobSpec
from jobs.items import Item
from jobs.known.index import Index
from jobs.known.keys import call_ids
from jobs.known.segments import Segments
from jobs.known.sync import index_job
from jobs.outcomes import NOT_ASKED, Outcome
from jobs.planned import PlanDocument, PlannedItems
from jobs.status import status
from reports.tables.build import build_tables

ASKED = conditioned(ask(["faces"]), ["faces: local.faces has any"], "local")
ROWS = [
    Outcome(0, "local.faces", "ok", content="c0", sent="bytes", response='{"FaceDetails": [{"Confidence": 80.0}]}'),
    Outcome(0, "faces", "ok", content="c0", sent="bytes", units=1, attempts=1, response='{"FaceDetails": []}'),
    Outcome(1, "local.faces", "ok", content="c1", sent="bytes", response='{"FaceDetails": []}'),
    Outcome(1, "faces", NOT_ASKED, "condition-false"),
    Outcome(2, "local.faces", "failed", "InternalServerError"),
    Outcome(2, "faces", "ok", content="c2", sent="bytes", units=1, attempts=1, response='{"FaceDetails": []}'),
]


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    found = JobFolder(str(tmp_path), "20261128-000000-aaaa")
    with found.manifest_writer() as writer:
        writer.add(*(Item(n, f"s3://b/{n}.jpg", "image", 5, etag="e") for n in range(3)))
    plan = PlanDocument(items=PlannedItems(images=3))
    prices = {"source": "", "as_of": "", "meters": {}}
    found.create(
        JobSpec(
            found.job, "2026-11-28T00:00:00+00:00", ("s3://b",), ASKED.images, "us-east-1", "123456789012", 3, 3, {},
            plan, prices, first=ASKED.first,
        )
    )  # fmt: skip
    found.commit(0, ROWS)
    return found


def test_who_reads_the_answers_of_awss_gets_no_looks(folder: JobFolder) -> None:
    (paths,) = folder.result_parts().values()
    assert set(folder.result(paths).column("api").to_pylist()) == {"faces"}
    assert len(folder.result(paths, first=True)) == len(ROWS)
    build_tables(folder)
    images, failures = (pq.read_table(folder.reports + f"/{name}.parquet") for name in ("images", "failures"))
    assert images.column("status").to_pylist() == ["ok", NOT_ASKED, "ok"]
    assert failures.num_rows == 0


def test_status_counts_them_apart_and_costs_do_not(folder: JobFolder) -> None:
    counters = costs.counters(folder)
    found = status(folder.spec, counters, "finished")
    assert found.first == {"local.faces": {"planned": 3, "ok": 2, "skipped": 0, "failed": 1}}
    assert found.calls == {"planned": 3, "ok": 2, "skipped": 0, "failed": 0, "not_asked": 1, "maybe_billed": 0}
    assert found.whole
    assert not status(folder.spec, {**counters, "ok:local.faces": 1}, "running").whole
    assert {line.api for line in costs.reckon(folder.spec, counters).lines} == {"faces"}


def test_a_retry_looks_again_where_a_look_failed(folder: JobFolder) -> None:
    assert plan_retry(folder).names(0) == {"2:local.faces"}


def test_later_jobs_know_what_was_seen(folder: JobFolder) -> None:
    index_job(folder, final=True)
    index = Index(Segments(folder.home, folder.aws))
    index.refresh()
    calls = call_ids("another account", ASKED.first[0], fit=True)
    assert [index.find(content, calls) != {} for content in ("c0", "c1", "c2")] == [True, True, False]


def test_the_job_is_of_a_format_that_readers_without_the_models_refuse(folder: JobFolder) -> None:
    written = folder.spec.to_json()
    assert orjson.loads(written)["format"] == FIRST
    assert JobSpec.from_json(written, folder.job).first == ASKED.first
