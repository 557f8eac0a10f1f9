"""The language of --when: what it reads, what it refuses, and when a condition holds."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.apis import catalogue, readable
from jobs.apis.base import Api
from jobs.apis.columns import FLAG, TEXT, Column
from jobs.conditions import holds, parse, reads, tree
from jobs.conditions.columns import row_columns
from jobs.errors import UsageError
from tests.support.places import ROOT

WORDS = ["labels", "has", "any", "(", ")", "and", "or", "not", "3", "where", "count", ".", ">="]
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20).map(float)
PERCENTS = st.floats(0, 100) | st.integers(0, 100).map(float)
TEXTS = st.text(max_size=8)
ORDER = st.sampled_from(["=", "!=", ">=", "<=", ">", "<"])
KINDS: dict[str, tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]] = {
    TEXT: (st.sampled_from(["=", "!=", "contains"]), TEXTS),
    FLAG: (st.sampled_from(["=", "!="]), st.booleans()),
}
APIS = list(readable().values())


def compared(draw: st.DrawFn, columns: Sequence[Column]) -> tree.Compared:
    column = columns[draw(st.integers(0, len(columns) - 1))]
    ops, values = KINDS.get(column.kind, (ORDER, NUMBERS))
    return tree.Compared(column.name, draw(ops), draw(values))


def joined(draw: st.DrawFn, test: Callable[[], Any], depth: int = 2) -> Any:
    """A test, or several joined, at most so deep."""
    shape = draw(st.integers(0, 3)) if depth else 0
    if shape == 0:
        return test()
    if shape == 1:
        return tree.Not(joined(draw, test, depth - 1))
    terms = tuple(joined(draw, test, depth - 1) for _ in range(draw(st.integers(2, 3))))
    return tree.All(terms) if shape == 2 else tree.Any(terms)


def rows(draw: st.DrawFn, api: Api) -> tree.Rows:
    name = draw(TEXTS) if api.name_column and draw(st.booleans()) else None
    confidence = (draw(ORDER), draw(PERCENTS)) if api.confidence_column and draw(st.booleans()) else None
    columns = [*row_columns(api).values()]
    where = joined(draw, lambda: compared(draw, columns), 1) if draw(st.booleans()) else None
    return tree.Rows(api.name, name, confidence, where)


@st.composite
def conditions(draw: st.DrawFn) -> Any:
    def test() -> Any:
        api, shape = APIS[draw(st.integers(0, len(APIS) - 1))], draw(st.integers(0, 2))
        if shape == 0:
            return tree.InShort(api.name, compared(draw, api.brief_columns))
        return tree.Has(rows(draw, api)) if shape == 1 else tree.Counted(rows(draw, api), draw(ORDER), draw(NUMBERS))

    return joined(draw, test)


@st.composite
def of_one(draw: st.DrawFn, api: Api) -> tree.Has:
    return tree.Has(rows(draw, api))


@given(conditions())
def test_the_text_of_a_condition_reads_back_as_itself(condition: Any) -> None:
    assert parse(str(condition)) == condition


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)))
def test_any_text_is_a_condition_or_a_usage_error(text: str | list[str]) -> None:
    said = text if isinstance(text, str) else " ".join(text)
    try:
        found = parse(said)
    except UsageError as error:
        assert error.what
        assert error.do
    else:
        assert parse(str(found)) == found


@given(conditions())
def test_of_empty_answers_every_condition_is_decided_and_of_none_nothing_is(condition: Any) -> None:
    assert holds(condition, {api: {} for api in readable()}) in (True, False)
    assert holds(condition, {}) is None


LABELS = {
    "Labels": [
        {
            "Name": "Person", "Confidence": 98.0, "Parents": [], "Categories": [{"Name": "Person Description"}],
            "Instances": [
                {"BoundingBox": {"Left": 0, "Top": 0, "Width": 0.5, "Height": 0.4}, "Confidence": 97.0},
                {"BoundingBox": {"Left": 0, "Top": 0, "Width": 0.1, "Height": 0.1}, "Confidence": 91.0},
            ],
        },
        {
            "Name": "Street Sign", "Confidence": 57.5, "Instances": [],
            "Parents": [{"Name": "Road"}, {"Name": "Symbol"}], "Categories": [{"Name": "Transport"}],
        },
    ]
}  # fmt: skip
FACES = {"FaceDetails": [{"Confidence": 99.0, "Smile": {"Value": True, "Confidence": 80.0}}]}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("labels has Person", True),
        ("labels has person >= 60", True),  # whatever the case
        ("labels has Person > 98", False),
        ('labels has "Street Sign" >= 60', False),
        ("labels has Dog", False),
        ("labels has any", True),
        ("labels has any where parents = road", True),
        ("labels has any where parents = roa", False),
        ("labels has any where parents contains roa", True),
        ("labels has any where (parents = road and parents != Symbol)", False),  # it has both
        ("labels has Person where parents != Road", False),  # it has none: of an empty cell nothing is true
        ("labels has Person where categories = 'person description'", True),
        ("labels has Person where area >= 0.2", True),
        ("labels has Person where area > 0.2", False),
        ("labels has Person where width >= 0.1 and labels has Dog", False),  # where ends before and
        ("labels has Person where (width >= 0.1 and not height < 0.1)", True),
        ("count(labels has Person) = 2", True),  # a box each
        ("count(labels has Person where area >= .02) >= 2", False),
        ("count(labels) = 3 and labels.label_count = 2", True),
        ("labels has Dog or labels has Person and not labels has Cat", True),
        ("(labels has Dog or labels has Person) and labels has Cat", False),
        ("not not labels has Person", True),
        ("faces has any where smile = true", True),
        ("faces has any where beard = false", False),  # not answered
        ("faces has any >= 99 and faces.face_count < 2", True),
        ("text has any or labels has Person", True),  # whatever text would say
        ("local.faces.face_count = 1 and local.faces has any < 50", True),  # not what `faces` found
        ("local.nudity has 'explicit nudity' >= 5", None),
        ("text has any and labels has Dog", False),
        ("text has any and labels has Person", None),
        ("not text has any", None),
    ],
)
def test_a_condition_holds_as_a_person_reads_it(text: str, held: bool | None) -> None:
    answers = {"labels": LABELS, "faces": FACES, "text": None, "local.faces": {"FaceDetails": [{"Confidence": 40.0}]}}
    assert holds(parse(text), answers) is held


@pytest.mark.parametrize(
    ("text", "says", "do"),
    [
        ("labls has Person", "there is no API 'labls'", "Did you mean labels?"),
        ("labels has any where confidance > 3", "there is no column 'confidance' of table labels", "mean confidence?"),
        ("local.nudty has any", "there is no answer of the bundled models 'local.nudty'", "mean local.nudity?"),
        ("local.faces has any where smil = true", "there is no column 'smil' of table local.faces", "mean smile?"),
        ("local has any", ". should stand here", "docs/conditions.md"),
        ("LABELS has Person", "there is no API 'LABELS'", "Did you mean labels?"),
        ("DetectLabels has Person", "there is no API 'DetectLabels'", "Write labels."),
        ("labels.confidence > 3", "there is no column 'confidence'", "of each row: labels has any where confidence"),
        ("labels has any where label_count > 3", "there is no column 'label_count'", "`images`: labels.label_count."),
        (
            "labels has A where width > 0 and height > 0",
            "no API 'height'",
            "stand in parentheses: labels has any where",
        ),
        ("width >= 0.1", "there is no API 'width'", "A column stands behind rows"),
        ("labels has Person or Cat", "there is no API 'Cat'", "Write the API before each name: labels has Cat."),
        ("labels has (Person or Cat)", "before each name: labels has A or labels has B", ""),
        ("labels has not Person", "not stands before it: not labels has", ""),
        ("labels = Person", "write labels has NAME, labels has any, labels.COLUMN or count(labels)", ""),
        ("count(faces >= 3)", "at '>= 3)': it stands behind the parentheses: count(faces) >=", ""),
        ("labels has any where instance = yes", "instance (1, 2, ...: which box of this label", ""),
        ("text has 2026", 'stands in quotes: "2026"', ""),
        ("labels has Person == 60", "at '== 60': write = instead of ==", ""),
        ("labels has Person => 60", "at '=> 60': write >= instead of =>", ""),
        ("labels has Person >= 60%", "at '%': write the number alone instead of %", ""),
        ("labels has Person, faces has any", "write and, or or, instead of ,", ""),
        ("labels has Person AND faces has any", 'write and in small letters, or "AND" in quotes', ""),
        ('labels has "Street Sign', "at '\"Street Sign': this quote is not closed", ""),
        ("labels has A or (faces has any", "at '(faces has any': this ( is not closed", ""),
        ("count(faces", "at '(faces': this ( is not closed", ""),
        ("labels has A) or faces has any", "at ') or faces has any': this ) closes nothing", ""),
        ("   ", "it is empty", "labels has Person >= 60"),
        ("faces.face_counts > 1", "there is no column 'face_counts' of faces in `images`", "mean face_count?"),
        ("faces has any where smile = 3", "smile is true or false", "docs/conditions.md"),
        ("faces has any where gender = 3", "gender is compared with a text", "docs/conditions.md"),
        ("faces has any where gender > Male", "one of = != contains", "docs/conditions.md"),
        ("faces has any where age_low = young", "a number", "docs/conditions.md"),
        ("properties has red >= 3", "properties has no confidence", "docs/conditions.md"),
        ("compare-faces has Bob", "have no name", "docs/conditions.md"),
        ("video-labels has Person", "for stored video", "docs/conditions.md"),
        ("labels has any any", "should end here", "docs/conditions.md"),
        ("labels has Person 60", 'quote what has several words: "Person 60", or write >= 60', ""),
        ("labels has Street Sign >= 60", 'quote what has several words: "Street Sign"', ""),
        ("labels has any where parents = Street Sign", 'quote what has several words: "Street Sign"', ""),
        ("labels has Person >= 1e999", "a confidence in percent", "docs/conditions.md"),
        ("labels has Person && faces has any", "at '&& faces has any': write and instead of &&", "docs/conditions.md"),
        ("labels has Person @ 60", "at '@ 60': no word, number or sign", "docs/conditions.md"),
        ("", "it is empty", "labels has Person >= 60"),
        ("(" * 50 + "labels has any" + ")" * 50, "parentheses inside each other", "docs/conditions.md"),
        ("labels has any or " * 1000 + "labels has any", "characters", "at most"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_there_is(text: str, says: str, do: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert says in caught.value.what
    assert do in caught.value.do


def test_what_a_condition_reads_is_told() -> None:
    assert reads(parse("labels has A or not (faces has any and count(text) > 2)")) == {"labels", "faces", "text"}


GOLDEN = Path(__file__).parents[1] / "apis" / "golden"


@settings(max_examples=20)
@given(st.data())
@pytest.mark.parametrize("api", catalogue().values(), ids=lambda api: api.name)
def test_every_condition_is_decided_by_an_answer(api: Api, data: st.DataObject) -> None:
    condition = data.draw(of_one(api))
    assert holds(condition, {api.name: json.loads((GOLDEN / f"{api.name}.json").read_text())}) in (True, False)


def test_every_example_of_the_docs_is_read() -> None:
    section = (ROOT / "docs" / "conditions.md").read_text().partition("## The language")[2].partition("\n\n- ")[0]
    cells = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    examples = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    read = [parse(text) for text in examples if not re.search(r"\b[AB]\b", text)]  # A and B stand for conditions
    assert len(read) == 10
