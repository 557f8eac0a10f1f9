"""Every catalogue row against AWS's service model: columns, flattener and golden pairs."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.apis import catalogue, video_catalogue
from jobs.apis.base import Api, VideoApi
from jobs.apis.columns import Column
from tests.support.aws_shapes import answers, at, operation, violations

IMAGES, VIDEOS = list(catalogue().values()), list(video_catalogue().values())
APIS: list[Api | VideoApi] = [*IMAGES, *VIDEOS]
GOLDEN = Path(__file__).parent / "golden"
each_api = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)


def output(api: Api | VideoApi) -> Any:
    """The shape of its answer, or of a page of it."""
    return operation(api.answers if isinstance(api, VideoApi) else api.operation).output_shape


def table(api: Api | VideoApi, response: dict[str, Any]) -> pa.Table:
    """The rows as Arrow columns: refuses a value of the wrong type, a row too long or too short."""
    rows = list(api.rows(response))
    assert {len(row) for row in rows} <= {len(api.schema)}
    columns = list(zip(*rows, strict=True)) or [()] * len(api.schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, api.schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=api.schema)


def in_short(api: Api | VideoApi, *pages: dict[str, Any]) -> tuple[Any, ...]:
    if isinstance(api, Api):
        return api.brief(pages[0])
    found = api.brief()
    for page in pages:
        found.add(page)
    return found.values()


def brief(api: Api | VideoApi, *pages: dict[str, Any]) -> dict[str, Any]:
    values = in_short(api, *pages)
    arrays = [pa.array([value], field.type) for value, field in zip(values, api.brief_schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=api.brief_schema).to_pylist()[0]


@each_api
def test_the_operation_and_the_parts_of_its_answer_are_aws_s_own(api: Api | VideoApi) -> None:
    members = output(api).members
    assert set(api.answer_keys) <= set(members)
    assert isinstance(api, VideoApi) or api.version_key is None or api.version_key in members


@each_api
def test_every_column_says_what_it_means_and_where_aws_says_it(api: Api | VideoApi) -> None:
    for field in [*api.schema, *api.brief_schema]:
        metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        assert metadata["doc"], field.name
        for path in metadata["aws"].split(" | "):
            at(output(api), path)
            assert path.split(".")[0].removesuffix("[]") in api.answer_keys, (field.name, path)


def within(value: Any, one: Column) -> bool:
    low, high = (one.bounds.low, one.bounds.high) if one.bounds else (None, None)
    return (low is None or value >= low) and (high is None or value <= high)


@each_api
def test_what_a_column_can_be_is_what_aws_s_model_and_an_answer_of_aws_s_say(api: Api | VideoApi) -> None:
    for one in [*api.columns, *api.brief_columns]:
        for rules in (at(output(api), path).metadata for path in one.aws.split(" | ")):
            if one.values and "enum" in rules:
                assert sorted(one.values) == sorted(rules["enum"]), one.name
            if one.bounds and {"min", "max"} <= rules.keys():
                assert within(rules["min"], one) and within(rules["max"], one), one.name
    response = json.loads((GOLDEN / f"{api.name}.json").read_text())
    seen = [(api.columns, row) for row in api.rows(response)] + [(api.brief_columns, in_short(api, response))]
    for one, value in [pair for columns, row in seen for pair in zip(columns, row, strict=True)]:
        assert value is None or within(value, one), one.name
        assert value is None or not one.values or value in one.values, one.name


@each_api
def test_columns_named_elsewhere_exist_and_are_unique(api: Api | VideoApi) -> None:
    assert len(set(api.schema.names)) == len(api.schema)
    assert not {"uri", "item_id"} & set(api.schema.names)  # the report's own columns
    assert api.name_column is None or pa.types.is_string(api.schema.field(api.name_column).type)
    assert api.confidence_column is None or pa.types.is_floating(api.schema.field(api.confidence_column).type)


@pytest.mark.parametrize("apis", [IMAGES, VIDEOS], ids=["images", "videos"])
def test_columns_of_the_table_of_items_are_unique_over_the_catalogue(apis: list[Api | VideoApi]) -> None:
    names = [name for api in apis for name in api.brief_schema.names]
    assert len(names) == len(set(names))


@each_api
def test_every_member_of_the_answer_reaches_a_column_or_is_left_out_on_purpose(api: Api | VideoApi) -> None:
    """A member AWS adds to its model fails here until someone decides about it."""
    fields = [*api.schema, *api.brief_schema]
    used = {path.replace("[]", "") for field in fields for path in field.metadata[b"aws"].decode().split(" | ")}
    whole = tuple(path + "." for path in used if path.endswith(("Landmarks", "Polygon")))  # kept as JSON
    missing = {
        path
        for path in leaves(output(api))
        if path.split(".")[0] in api.answer_keys and path not in used and not path.startswith(whole)
    }
    assert {path for path in missing if not any(re.search(pattern, path) for pattern in LEFT_OUT)} == set()


LEFT_OUT = (
    r"ModelVersion$|^ProjectVersion$",  # a column of the result part
    r"^Labels\.Instances\.DominantColors\.",  # the main one is a column
    r"^(FaceMatches\.Face|UnmatchedFaces)\.(Emotions|Smile)",  # beside the point of a comparison
    r"^FaceRecords\.Face\.(BoundingBox|Confidence)",  # FaceDetail says the same
    r"^Summary\.Persons",  # a column's values
    r"ContentTypes\.Confidence$",  # stands beside the name in one column
    r"^[A-Za-z]+\.DurationMillis$",  # the end less the start
    r"^Labels\.Label\.Instances\.DominantColors",  # "isn't returned" for stored video, says AWS's model
    # Of a face that is known or searched for AWS gives the default attributes; its points are beside the point.
    r"^(Persons\.Person|Celebrities\.Celebrity)\.Face\."
    r"(AgeRange|Smile|Eyeglasses|Sunglasses|Gender|Beard|Mustache|EyesOpen|MouthOpen|Emotions|Landmarks|FaceOccluded"
    r"|EyeDirection)\.",
    r"^Persons\.FaceMatches\.Face\.(BoundingBox|Confidence)",  # in the picture it is from
)


def leaves(shape: Any, where: str = "") -> list[str]:
    if shape.type_name == "structure":
        return [leaf for key, one in shape.members.items() for leaf in leaves(one, f"{where}.{key}" if where else key)]
    return leaves(shape.member, where) if shape.type_name == "list" else [where]


@each_api
@settings(max_examples=100)
@given(data=st.data())
def test_any_answer_aws_may_give_becomes_rows_of_the_schema(api: Api | VideoApi, data: st.DataObject) -> None:
    response = data.draw(answers(output(api)))
    before = copy.deepcopy(response)
    table(api, response)
    brief(api, response)
    assert response == before


@each_api
@pytest.mark.parametrize("response", [{}, None], ids=["empty", "null members"])
def test_an_answer_of_nothing_has_no_rows(api: Api | VideoApi, response: dict[str, Any] | None) -> None:
    members = output(api).members
    nothing = {} if response == {} else dict.fromkeys(members)
    assert table(api, nothing).num_rows == 0
    brief(api, nothing)


@each_api
def test_a_documented_answer_gives_exactly_these_rows(api: Api | VideoApi) -> None:
    answer = json.loads((GOLDEN / f"{api.name}.json").read_text("utf-8"))
    expected = json.loads((GOLDEN / f"{api.name}.rows.json").read_text("utf-8"))
    assert list(violations(answer, output(api))) == []
    assert {"rows": table(api, answer).to_pylist(), "brief": brief(api, answer)} == expected


def test_there_is_a_golden_pair_for_every_api_and_no_other() -> None:
    wanted = {f"{api.name}{end}" for api in APIS for end in (".json", ".rows.json")}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@each_api
def test_only_the_golden_answer_s_own_members_are_needed(api: Api | VideoApi) -> None:
    """An API that shares its call reads nothing but its own keys."""
    answer = json.loads((GOLDEN / f"{api.name}.json").read_text("utf-8"))
    own = {key: value for key, value in answer.items() if key in api.answer_keys}
    assert list(api.rows(own)) == list(api.rows(answer))
    assert in_short(api, own) == in_short(api, answer)
