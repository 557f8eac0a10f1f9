"""One reading of a shard's parts, whoever wrote them: nothing that was told is lost, and nothing counts twice."""

from pathlib import Path

import pytest

from jobs import costs
from jobs.apis import parse
from jobs.attempts import Attempts, Mark, Tried
from jobs.folder import JobFolder, JobSpec
from jobs.folder.facts import rows_of
from jobs.folder.half_written import set_aside
from jobs.folder.part_names import PartName
from jobs.folder.retries import plan_retry
from jobs.items import Item
from jobs.outcomes import OPEN, Outcome, from_table, open_row, with_attempts
from jobs.planned import PlanDocument


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    found = JobFolder(str(tmp_path), "20261123-000000-abcd")
    with found.manifest_writer() as writer:
        writer.add(*(Item(n, f"/{n}.jpg", "image", 5) for n in range(4)))
    found.create(
        JobSpec(
            found.job, "2026-11-23T00:00:00+00:00", ("/",), parse(["labels"]), "us-east-1", "123456789012", 4, 4, {},
            PlanDocument(), {"source": "", "as_of": "", "meters": {}},
        )
    )  # fmt: skip
    return found


def made(holder: str, *marks: Mark) -> Attempts:
    return Attempts.of(holder, *(Tried(mark, "2026-11") for mark in marks))


def row(item: int, outcome: str, attempts: Attempts, code: str | None = None) -> Outcome:
    return with_attempts(Outcome(item, "labels", outcome, code), attempts)  # type: ignore[arg-type]


def read(folder: JobFolder) -> dict[int, Outcome]:
    return {one.item_id: one for one in rows_of(folder, folder.parts_of(0))}


def counted(folder: JobFolder) -> dict[str, int]:
    return costs.tally(folder).by_api()["labels"].to_json()


def test_whoever_writes_first_both_holders_facts_are_there(folder: JobFolder) -> None:
    assert folder.commit(0, [row(n, "ok", made("two", "b")) for n in range(4)])
    late = [row(0, "ok", made("one", "b")), open_row(1, "labels", made("one", "u"))]
    assert not folder.commit(0, late)
    assert folder.commit(0, late, holder="one")
    found = read(folder)
    assert [(found[n].outcome, found[n].units, found[n].maybe_billed) for n in range(3)] == [
        ("ok", 1, 1), ("ok", 1, 1), ("ok", 1, 0),
    ]  # fmt: skip
    assert counted(folder) == {
        "ok": 4, "known": 0, "skipped": 0, "failed": 0, "attempts": 6, "units": 4, "maybe_billed": 2,
    }  # fmt: skip


def test_a_call_without_an_outcome_owns_its_attempts_and_is_no_row_of_a_table(folder: JobFolder) -> None:
    folder.commit(0, [open_row(0, "labels", made("one", "u", "n")), row(1, "ok", made("one", "b"))], holder="one")
    assert [one.item_id for one in from_table(folder.result(folder.result_parts()[0]))] == [1]
    assert read(folder)[0].outcome == OPEN
    assert counted(folder) == {
        "ok": 1, "known": 0, "skipped": 0, "failed": 0, "attempts": 3, "units": 1, "maybe_billed": 1,
    }  # fmt: skip


def test_the_same_facts_told_twice_count_once(folder: JobFolder) -> None:
    for holder in ("one", "two"):  # the second adopted what the first had left, and wrote it, too
        folder.commit(0, [open_row(0, "labels", made("one", "m"))], holder=holder)
    folder.commit(0, [row(0, "ok", made("one", "m") | made("three", "b"))])
    assert (counted(folder)["attempts"], counted(folder)["maybe_billed"]) == (2, 1)


def test_an_answer_goes_before_a_failure_and_a_retrys_failure_before_the_scans(folder: JobFolder) -> None:
    folder.commit(0, [row(n, "failed", made("one", "n"), "Scan") for n in range(4)])
    plan_retry(folder)
    folder.commit(
        0, [row(0, "failed", made("two", "n"), "Retry"), open_row(1, "labels", made("two", "u"))], holder="two", retry=1
    )
    folder.commit(0, [row(2, "ok", made("zero", "b"))], holder="zero")  # a holder of the scan that woke up late
    found = read(folder)
    assert [(found[n].outcome, found[n].code) for n in range(4)] == [
        ("failed", "Retry"), ("failed", "Scan"), ("ok", None), ("failed", "Scan"),
    ]  # fmt: skip
    assert (found[0].attempts, found[1].maybe_billed, found[2].units) == (2, 1, 1)
    assert not folder.parts_of(0).done(1)


def test_rows_of_0_1_0_have_attempts_of_nobody(folder: JobFolder) -> None:
    folder.commit(0, [Outcome(0, "labels", "failed", "Boom", attempts=3, maybe_billed=2)])
    folder.commit(0, [Outcome(0, "labels", "ok", attempts=2, units=1, maybe_billed=1)], retry=1)
    assert (read(folder)[0].attempts, read(folder)[0].units, read(folder)[0].maybe_billed) == (5, 1, 3)


def test_a_half_written_part_tells_that_each_of_its_calls_was_maybe_billed_once(folder: JobFolder) -> None:
    folder.commit(0, [row(0, "ok", made("one", "b"))], holder="one")
    (Path(folder.root) / PartName(0).path).write_bytes(b"PAR1 and no more")
    parts = set_aside(folder, 0)
    assert (len(parts.files), len(parts.torn), parts.whole) == (1, 1, False)
    assert counted(folder)["maybe_billed"] == 3
    asked_again = [
        one if one.outcome == "ok" else row(one.item_id, "ok", Attempts.parse(one.marks) | made("two", "b"))
        for one in rows_of(folder, parts)
    ]
    folder.commit(0, asked_again)
    assert (counted(folder)["maybe_billed"], counted(folder)["units"]) == (3, 4)


@pytest.mark.parametrize(
    ("name", "shard", "retry", "holder", "torn"),
    [
        ("shard-000012.parquet", 12, 0, "", False),
        ("results/shard-000012-r003.parquet", 12, 3, "", False),
        ("/a/results/shard-000012-part002.parquet", 12, 0, "part002", False),
        ("shard-000012-k3f9x2ab0q-part.parquet", 12, 0, "k3f9x2ab0q", False),
        ("shard-1234567-r001-k3f9x2ab0q-part.parquet.torn", 1234567, 1, "k3f9x2ab0q", True),
    ],
)
def test_names_tell_what_a_part_is(name: str, shard: int, retry: int, holder: str, torn: bool) -> None:
    assert PartName.parse(name) == PartName(shard, retry, holder, torn)


@pytest.mark.parametrize(
    "name", ["shard-12.parquet", "shard-000012.parquet.tmp", "other.parquet", ".shard-000012.parquet.x.tmp"]
)
def test_other_names_are_no_parts(name: str) -> None:
    assert PartName.parse(name) is None
