"""An answer with as much as an answer can have says so, whatever the threshold leaves of it."""

from typing import Any

import orjson
import pyarrow as pa
import pytest

from jobs.apis import catalogue, parse
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.outcomes import Outcome, to_table
from reports.tables.flatten import flatten
from reports.tables.layout import Layout

FULL: dict[str, tuple[int, dict[str, Any]]] = {
    "text": (100, {"TextDetections": [{"Type": "LINE"}, *[{"Type": "WORD"}] * 100]}),
    "faces": (100, {"FaceDetails": [{"Confidence": 99.0}] * 100}),
    "labels": (1000, {"Labels": [{"Name": "Dog", "Confidence": 60.0}] * 1000}),
    "index-faces": (100, {"FaceRecords": [{"Face": {"Confidence": 99.0}}] * 100}),
    "compare-faces": (100, {"FaceMatches": [], "UnmatchedFaces": [{"Confidence": 99.0}] * 100}),
    "celebrities": (64, {"CelebrityFaces": [], "UnrecognizedFaces": [{"Confidence": 99.0}] * 64}),
    "protective-equipment": (15, {"Persons": [{"Id": 1}] * 15}),
}


def one_less(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value[:-1] for key, value in answer.items()}


@pytest.mark.parametrize("name", FULL)
@pytest.mark.parametrize("threshold", [None, 99.5])
def test_a_full_answer_is_flagged_and_one_with_less_is_not(name: str, threshold: float | None) -> None:
    api, (most, answer) = catalogue()[name], FULL[name]
    assert api.cap is not None
    assert api.cap.most == most
    answers = [answer, one_less(answer), {}]
    items = pa.Table.from_batches([to_batch([Item(n, f"/in/{n}.jpg", "image") for n in range(4)])])
    rows = [Outcome(n, name, "ok", response=orjson.dumps(one).decode()) for n, one in enumerate(answers)]
    outcomes = to_table([*rows, Outcome(3, name, "skipped", "truncated")])
    images = flatten(Layout("job", (name,), threshold), items, outcomes)["images"]
    assert images.column(f"{api.table}_capped").to_pylist() == [True, False, False, None]


ARN = (catalogue()["custom-labels"].golden_params or {})["project_version_arn"]


@pytest.mark.parametrize(
    ("asked", "cap"),
    [
        ("labels", 1000),
        ("labels:max_labels=10", 10),
        ("search-faces:collection=c", 5),
        (f"custom-labels:project_version_arn={ARN}", 2**31 - 1),
    ],
)
def test_what_is_asked_for_caps_an_answer(asked: str, cap: int) -> None:
    (choice,) = parse([asked])
    assert choice.api.cap is not None
    assert choice.api.cap.of(choice.params) == cap
