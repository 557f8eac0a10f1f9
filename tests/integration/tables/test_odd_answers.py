"""An answer that no table can take is a row of `failures` that keeps it; the others' rows are as without it."""

from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.synthetic_job import make_job
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.outcomes import Outcome, to_table
from reports.tables.build import build_tables
from reports.tables.flatten import flatten
from reports.tables.layout import Layout
from reports.tables.load import load

GOOD = '{"Labels":[{"Name":"Dog","Confidence":90.5}]}'
ODD = {
    "a null in a list": '{"Labels":[null]}',
    "a null for an answer": "null",
    "no list": '{"Labels":7}',
    "half of a character": '{"Labels":[{"Name":"\\ud800","Confidence":1}]}',
    "text for a number": '{"Labels":[{"Name":"Dog","Confidence":"high"}]}',
    "cut short": '{"Labels":[{"Name":',
    "a number for text": '{"Labels":[{"Name":5}]}',
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
@pytest.mark.parametrize("threshold", [None, 50.0])
def test_an_odd_answer_is_a_failure_with_the_answer_and_its_mates_have_their_rows(
    answer: str, threshold: float | None
) -> None:
    items = pa.Table.from_batches([to_batch([Item(n, f"/in/{n}.jpg", "image") for n in range(3)])])
    answers = [GOOD, answer, GOOD]
    outcomes = to_table(Outcome(n, "labels", "ok", response=text) for n, text in enumerate(answers))
    found = flatten(Layout("job", ("labels",), threshold), items, outcomes)
    assert found["labels"].column("item_id").to_pylist() == [0, 2]
    assert found["images"].column("status").to_pylist() == ["ok", "failed", "ok"]
    (failure,) = found["failures"].to_pylist()
    assert (failure["uri"], failure["outcome"], failure["code"]) == ("/in/1.jpg", "failed", "odd-answer")
    assert failure["answer"] == answer
    assert failure["message"]


def test_a_number_beyond_its_column_is_a_failure_of_its_api_alone() -> None:
    items = pa.Table.from_batches([to_batch([Item(0, "/in/0.jpg", "image")])])
    odd = '{"TextDetections":[{"Id":99999999999}]}'
    outcomes = to_table([Outcome(0, "labels", "ok", response=GOOD), Outcome(0, "text", "ok", response=odd)])
    found = flatten(Layout("job", ("labels", "text")), items, outcomes)
    assert found["labels"].num_rows == 1
    assert found["images"].column("status").to_pylist() == ["partial"]
    assert found["failures"].column("api").to_pylist() == ["text"]


@pytest.mark.parametrize("helpers", [0, 1])
def test_the_tables_of_a_job_with_an_odd_answer_are_built(tmp_path: Path, helpers: int) -> None:
    items = [Item(n, f"/in/{n}.jpg", "image") for n in range(4)]
    folder = make_job(tmp_path, items, ("labels",), shard_size=2, missing_shards=(1,))
    odd = Outcome(2, "labels", "ok", response='{"Labels":[null]}')
    folder.commit(1, [odd, Outcome(3, "labels", "ok", response=GOOD)])
    build_tables(folder, helpers=helpers)
    tables = load(folder.job, str(tmp_path))
    assert tables["images"]["status"].tolist() == ["ok", "ok", "failed", "ok"]
    assert tables["failures"]["answer"].tolist() == ['{"Labels":[null]}']
