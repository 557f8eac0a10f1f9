"""The index of known answers: real files, held against a dictionary."""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.apis import parse
from jobs.folder import JobFolder, JobSpec
from jobs.folder.spec import Options
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.items import Item
from jobs.known import segments as segments_module
from jobs.known.answers import Answers
from jobs.known.buckets import ROWS
from jobs.known.count import known_calls
from jobs.known.duplicates import duplicates, manifest, write_duplicates
from jobs.known.index import Index, Place
from jobs.known.keys import call_ids, content_id
from jobs.known.segments import SCHEMA, Cover, Segments
from jobs.known.sync import index_job, sync
from jobs.outcomes import Outcome, to_table
from jobs.planned import PlanDocument

Entry = tuple[str, int, str, str, int, bool]  # content, call, job, part, item_id, copied


def job(home: Path, name: str, *, items: Iterable[Item] = (), apis: str = "labels", **options: object) -> JobFolder:
    folder = JobFolder(str(home), name)
    with folder.manifest_writer() as writer:
        writer.add(*items)
    spec = JobSpec(
        name, "2026-11-23T00:00:00+00:00", ("/x",), parse([apis]), "us-east-1", "123456789012", writer.count, 10,
        {}, PlanDocument(), {}, options=Options(**options),
    )  # fmt: skip
    folder.create(spec)
    return folder


def answered(item: int, content: str | None, **more: object) -> Outcome:
    return Outcome(item, "labels", "ok", **{"units": 1, "sent": "bytes", "response": "{}", "content": content, **more})


def labels(folder: JobFolder, fit: bool = True) -> tuple[int, ...]:
    return call_ids(folder.spec.account, folder.spec.apis[0], fit=fit)


def find(home: Path, content: str, calls: tuple[int, ...]) -> list[Place]:
    found = Index(Segments(str(home))).find(content, calls)
    return [place for call in calls for place in found.get(call, [])]


entries = st.lists(
    st.tuples(
        st.sampled_from([f"c{n}" for n in range(12)]),
        st.sampled_from([1, -2, 3]),
        st.sampled_from(["job-a", "job-b", "job-c"]),
        st.sampled_from(["shard-000000", "shard-000001"]),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=60,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(entries, st.booleans()), min_size=1, max_size=5), st.sets(st.sampled_from("abc")))
def test_the_index_finds_what_a_dictionary_finds_however_it_was_written_and_merged(
    monkeypatch: pytest.MonkeyPatch, written: list[tuple[list[Entry], bool]], deleted: set[str]
) -> None:
    monkeypatch.setattr(segments_module, "GROUP_ROWS", 7)  # so that contents span row groups and ranges
    monkeypatch.setattr(segments_module, "RUN_ROWS", 14)
    with TemporaryDirectory() as directory:
        home = Path(directory)
        for name in "abc":
            job(home, f"job-{name}")
        segments = Segments(directory)
        index = Index(segments)
        model: dict[tuple[str, int], set[tuple[bool, str, str, int]]] = {}
        for rows, merge in written:
            table = pa.Table.from_pylist(
                [dict(zip(SCHEMA.names, (content_id(r[0]), *r[1:]), strict=True)) for r in rows], schema=SCHEMA
            ).sort_by([("content", "ascending")])
            segments.write(table.to_batches(), {"job-a": Cover("x", False)})
            for content, call, name, part, item, copied in rows:
                model.setdefault((content, call), set()).add((copied, name, part, item))
            if merge:
                segments.merge()
        index.refresh()
        for content in (f"c{n}" for n in range(12)):
            found = index.find(content, [1, -2, 3])
            assert set(found) == {call for c, call in model if c == content}
            for call, places in found.items():
                candidates = model[content, call]
                best = max((not copied, name, part) for copied, name, part, _ in candidates)
                assert (places[0].job, places[0].part) == best[1:]
                everything = {(name, part, item) for _, name, part, item in candidates}
                assert {(p.job, p.part, p.item_id) for p in places} <= everything
        for name in deleted:
            shutil.rmtree(home / f"job-{name}")
        segments.write([], {})
        segments.merge()
        assert index.find("c0", [99]) == {}


def test_only_ok_rows_with_a_content_and_an_answer_are_known(tmp_path: Path) -> None:
    folder = job(tmp_path, "job-a")
    folder.commit(
        0,
        [
            answered(0, "sha256:a"),
            answered(1, None),
            answered(2, "sha256:c", response=None),
            Outcome(3, "labels", "failed", "Boom", attempts=1, content="sha256:d"),
            Outcome(4, "labels", "skipped", "too-small", content="sha256:e"),
            answered(5, "sha256:f", code="InvalidParameterException"),
            answered(6, "sha256:g", sent="fitted", fit="rotated"),
        ],
    )
    index_job(folder, final=True)
    calls = labels(folder)
    assert [bool(find(tmp_path, f"sha256:{c}", calls)) for c in "abcdefg"] == [True, *[False] * 4, True, True]
    [place] = find(tmp_path, "sha256:a", calls)
    row = Answers(str(tmp_path)).at(place, "labels")
    assert row is not None and (row.item_id, row.content) == (0, "sha256:a")
    # A mended picture is no answer for a job that would not mend it.
    assert not find(tmp_path, "sha256:g", labels(folder, fit=False))
    assert find(tmp_path, "sha256:a", labels(folder, fit=False))


def test_a_deleted_job_is_no_answer_and_a_copy_of_it_is(tmp_path: Path) -> None:
    first, second = job(tmp_path, "job-a"), job(tmp_path, "job-b")
    first.commit(0, [answered(0, "sha256:a")])
    second.commit(0, [answered(7, "sha256:a", sent="known", units=0, answer_of="job-a/0")])
    sync(str(tmp_path))
    calls = labels(first)
    answers = Answers(str(tmp_path))
    assert [place.job for place in find(tmp_path, "sha256:a", calls)] == ["job-a", "job-b"]
    shutil.rmtree(tmp_path / "job-a")
    rows = [answers.at(place, "labels") for place in find(tmp_path, "sha256:a", calls)]
    assert rows[0] is None
    assert rows[1] is not None and rows[1].answer_of == "job-a/0"


def test_syncing_again_adds_nothing_and_new_parts_are_added(tmp_path: Path) -> None:
    folder = job(tmp_path, "job-a")
    folder.commit(0, [answered(0, "sha256:a")])
    sync(str(tmp_path))
    before = [info.path for info in Segments(str(tmp_path)).paths()]
    sync(str(tmp_path))
    assert [info.path for info in Segments(str(tmp_path)).paths()] == before
    folder.commit(1, [answered(10, "sha256:b")], holder="one")
    sync(str(tmp_path))
    assert find(tmp_path, "sha256:b", labels(folder))
    assert len(find(tmp_path, "sha256:a", labels(folder))) == 1


def test_writers_at_once_need_no_lock(tmp_path: Path) -> None:
    folders = [job(tmp_path, f"job-{n}") for n in range(6)]
    for number, folder in enumerate(folders):
        folder.commit(0, [answered(n, f"sha256:{number}-{n}") for n in range(10)])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda folder: index_job(folder, final=True), folders))
    calls = labels(folders[0])
    for number in range(6):
        for n in range(10):
            assert Place(f"job-{number}", "shard-000000", n) in find(tmp_path, f"sha256:{number}-{n}", calls)


def test_candidates_are_items_whose_size_or_etag_another_has(tmp_path: Path) -> None:
    items = [
        Item(0, "/a.jpg", "image", 10), Item(1, "/b.jpg", "image", 11), Item(2, "/c.jpg", "image", 10),
        Item(3, "/d.jpg", "image", 10, skip="hidden"), Item(4, "s3://b/e", "image", 11, "e1"),
        Item(5, "s3://b/f", "image", 12, "e1"), Item(6, "s3://b/g", "image", 12, "e1"), Item(7, "http://h/x", "image"),
        Item(8, "http://h/y", "image"), *(Item(n, f"/{n}.txt", "other", 10) for n in range(9, 30)),
    ]  # fmt: skip
    folder = job(tmp_path, "job-a", items=items)
    assert write_duplicates(folder) == 6
    assert duplicates(folder, 0) == {0, 2, 5, 6, 7, 8}
    assert duplicates(folder, 2) == frozenset()
    account = folder.spec.account
    saved = known_calls(manifest(folder), Segments(str(tmp_path)), folder.spec.apis, account=account, fit=True)
    assert (saved.calls, saved.copies) == ({"labels": 1}, 1)  # of e1:12 there are two


def test_a_slow_reader_of_a_long_listing_is_not_read_ahead_of(tmp_path: Path) -> None:
    folder = JobFolder(str(tmp_path), "job-a")
    rows = pa.RecordBatch.from_pylist(
        [{"item_id": n, "uri": f"s3://b/{n}", "kind": "image", "size": n, "etag": f"{n:032x}"} for n in range(50_000)],
        MANIFEST_SCHEMA,
    )
    with folder.manifest_writer(50_000) as writer:
        for _ in range(10):
            writer.add_batch(rows)
    held, count, before = [], 0, pa.total_allocated_bytes()
    for batch in manifest(folder).batches(["item_id", "etag", "size", "kind"], ds.field("kind") == "image", rows=ROWS):
        batch.to_pylist()  # which takes longer than reading
        count += batch.num_rows
        held.append(pa.total_allocated_bytes() - before)
    assert count == 500_000
    assert max(held) < 8_000_000  # of 30 MB


def test_many_rows_take_less_than_240_megabytes(tmp_path: Path) -> None:
    """The last step of a job and the plan of the next, each in a process of its own as they are in life.

    A million, with ROWS=1000000, take as much.
    """
    found: dict[str, Any] = {}
    for step in ("make", "index", "plan"):
        run = subprocess.run(
            [sys.executable, "-m", "tests.integration.known.test_index", step, str(tmp_path)],
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        found[step] = json.loads(run.stdout or "{}")
    print(found)
    assert found["index"]["hits"] == 500
    assert found["plan"]["known"] == COUNT - 10_000
    assert max(found["index"]["peak_mb"], found["plan"]["peak_mb"]) < 240  # of which Python and Arrow are 180


COUNT = int(os.environ.get("ROWS", "100000"))


def _make(home: Path) -> None:
    """A job of so many answers, one of half as many, and one of as many objects, all but 10,000 of them known."""
    first, extra = job(home, "job-a"), job(home, "job-b")
    like = pa.concat_tables([to_table([answered(0, "")])] * 2000).combine_chunks()
    for folder, count, content in (
        (first, COUNT, lambda n: f"etag:{n:032x}:{n % 5000 + 1}"),
        (extra, COUNT // 2, lambda n: f"sha256:{n}"),
    ):
        for start in range(0, count, 2000):
            ids = range(start, start + 2000)
            rows = like.set_column(0, like.schema.field("item_id"), pa.array(ids, pa.int64()))
            at = like.schema.get_field_index("content")
            rows = rows.set_column(at, like.schema.field("content"), pa.array([content(n) for n in ids]))
            buffer = io.BytesIO()
            pq.write_table(rows, buffer)
            folder.write(f"results/shard-{start // 2000:06d}.parquet", buffer.getvalue())
    with JobFolder(str(home), "job-c").manifest_writer() as writer:
        for start in range(0, COUNT, 10_000):
            numbers = np.arange(start + 10_000, start + 20_000)
            columns = {
                "item_id": numbers - 10_000,
                "uri": [f"s3://b/{n}" for n in numbers],
                "kind": ["image"] * 10_000,
                "size": numbers % 5000 + 1,
                "etag": [f"{n:032x}" for n in numbers],
            }
            given = [
                pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(10_000, f.type)
                for f in MANIFEST_SCHEMA
            ]
            writer.add_batch(pa.record_batch(given, MANIFEST_SCHEMA))


def _index(home: Path) -> None:
    folder = JobFolder(str(home), "job-a")
    clock = _Clock()
    index_job(folder, final=True)
    clock.done("index all, merge")
    index_job(JobFolder(str(home), "job-b"), final=True)
    clock.done("index half as many, merge")
    index, calls = Index(Segments(str(home))), labels(folder)
    step = COUNT // 500
    hits = sum(bool(index.find(f"etag:{n:032x}:{n % 5000 + 1}", calls)) for n in range(0, 2 * COUNT, step))
    clock.done("1,000 lookups")
    files = [info.size for info in Segments(str(home)).paths()]
    clock.show(hits=hits, files=len(files), file_mb=round(sum(files) / 1e6))


def _plan(home: Path) -> None:
    folder, listed = JobFolder(str(home), "job-a"), JobFolder(str(home), "job-c")
    clock = _Clock()
    account = folder.spec.account
    known = known_calls(manifest(listed), Segments(str(home)), folder.spec.apis, account=account, fit=True).calls
    clock.done("plan")
    write_duplicates(listed)
    clock.done("duplicates")
    clock.show(known=known["labels"])


class _Clock:
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}

    def done(self, name: str) -> None:
        self._seconds[name] = round(time.monotonic() - self._began, 1)
        self._began = time.monotonic()

    def show(self, **more: int) -> None:
        # Not ru_maxrss: a child starts with its parent's.
        peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
        print(json.dumps({**more, "peak_mb": peak, "seconds": self._seconds}))


if __name__ == "__main__":
    {"make": _make, "index": _index, "plan": _plan}[sys.argv[1]](Path(sys.argv[2]))
