"""Whatever a scan may ask for, the request is one AWS takes."""

from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.apis import Choice, Request, catalogue, parse, requests
from jobs.apis.base import Api, Param
from jobs.items import Item
from tests.support.aws_shapes import operation, violations

APIS = list(catalogue().values())
each_api = pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
IMAGE = {"Bytes": b"\xff\xd8\xff\xe0 a JPEG"}
ITEM = Item(7, "s3://photos/2019/Åre trip/IMG 0042.jpg", "image")
images = st.one_of(
    st.just(IMAGE),
    st.fixed_dictionaries(
        {"Bucket": st.just("photos"), "Name": st.text(min_size=1, max_size=40)},
        optional={"Version": st.just("3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")},
    ).map(lambda s3: {"S3Object": s3}),
)
items = st.builds(Item, st.integers(0, 10**9), st.text(min_size=1, max_size=300), st.just("image"))


def values(param: Param) -> st.SearchStrategy[Any]:
    """Any value `parse` would let through."""
    if param.type == "file":
        return st.binary(min_size=1, max_size=50)
    if param.type == "bool":
        return st.booleans()
    if param.type == "int":
        drawn: st.SearchStrategy[Any] = st.integers(int(param.minimum or 0), int(param.maximum or 10**6))
    elif param.type == "float":
        drawn = st.floats(param.minimum, param.maximum, allow_nan=False)
    else:
        part = st.sampled_from(param.choices) if param.choices else st.from_regex(param.pattern or "", fullmatch=True)
        drawn = st.lists(part, max_size=min(param.most or 5, 5)) if param.type == "list" else part
    return drawn if param.required or param.default is not None else st.none() | drawn


# Made once: Hypothesis checks a strategy when it is first drawn from.
PARAMS = {api.name: st.fixed_dictionaries({param.name: values(param) for param in api.params}) for api in APIS}


def refusals(arguments: dict[str, Any], name: str) -> list[str]:
    shape = operation(name).input_shape
    report = ParamValidator().validate(arguments, shape)
    return ([report.generate_report()] if report.has_errors() else []) + list(violations(arguments, shape))


def defaults(api: Api) -> dict[str, Any]:
    return dict(api.golden_params or {param.name: param.default for param in api.params})


@each_api
def test_the_default_request_is_one_aws_takes(api: Api) -> None:
    assert set(defaults(api)) == {param.name for param in api.params}
    assert refusals(api.request(IMAGE, ITEM, defaults(api)), api.operation) == []


@each_api
@settings(max_examples=100)
@given(data=st.data())
def test_any_parameters_a_scan_may_set_make_a_request_aws_takes(api: Api, data: st.DataObject) -> None:
    arguments = api.request(data.draw(images), data.draw(items), data.draw(PARAMS[api.name]))
    assert refusals(arguments, api.operation) == []


@each_api
def test_a_request_leaves_the_parameters_as_they_are(api: Api) -> None:
    params = defaults(api)
    arguments = api.request(IMAGE, ITEM, params)
    for value in arguments.values():
        if isinstance(value, list):
            value.append("altered")
    assert params == defaults(api)


@each_api
def test_a_parameter_s_range_is_at_least_as_narrow_as_aws_s(api: Api) -> None:
    """A float or int parameter without a range would let a value through that only the server refuses."""
    for param in api.params:
        if param.type in ("int", "float"):
            assert param.minimum is not None and param.maximum is not None, param.name
        if param.type == "list":
            assert param.most is not None, param.name
        if param.type in ("str", "list"):
            assert param.choices or param.pattern, param.name
        if param.default is not None and param.choices:
            assert set(param.default if param.type == "list" else [param.default]) <= set(param.choices)


@given(data=st.data())
@settings(max_examples=50)
def test_labels_and_properties_share_a_request_aws_takes(data: st.DataObject) -> None:
    choices = [Choice(api, data.draw(PARAMS[api.name])) for api in APIS if api.operation == "DetectLabels"]
    arguments = Request(tuple(choices)).arguments(IMAGE, ITEM)
    assert sorted(arguments["Features"]) == ["GENERAL_LABELS", "IMAGE_PROPERTIES"]
    assert refusals(arguments, "DetectLabels") == []


def test_labels_and_properties_are_one_call_with_the_settings_of_both() -> None:
    both = requests(parse(["labels:include=Dog+Cat,min_confidence=70,faces,properties:max_dominant_colors=3"]))
    assert [request.name for request in both] == ["labels+properties", "faces"]
    assert both[0].arguments(IMAGE, ITEM) == {
        "Image": IMAGE,
        "Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"],
        "MinConfidence": 70.0,
        "MaxLabels": 1000,
        "Settings": {
            "GeneralLabels": {"LabelInclusionFilters": ["Dog", "Cat"]},
            "ImageProperties": {"MaxDominantColors": 3},
        },
    }


def test_properties_alone_asks_for_properties_alone() -> None:
    (alone,) = requests(parse(["properties"]))
    assert alone.arguments(IMAGE, ITEM) == {
        "Image": IMAGE,
        "Features": ["IMAGE_PROPERTIES"],
        "Settings": {"ImageProperties": {"MaxDominantColors": 10}},
    }


def test_apis_share_a_call_only_where_both_say_so() -> None:
    shared = [api for api in APIS if api.shares]
    assert {api.name for api in shared} == {"labels", "properties"}
    keys = [key for api in shared for key in api.answer_keys]
    assert len(keys) == len(set(keys))


def test_a_moderation_adapter_moves_the_call_to_its_own_meter() -> None:
    api = catalogue()["moderation"]
    assert api.meters_for({"project_version": None}) == ("image-group-2",)
    assert api.meters_for({"project_version": "arn:..."}) == ("custom-moderation",)


def test_no_face_is_an_answer_and_a_bad_request_is_not() -> None:
    for name in ("compare-faces", "search-faces"):
        api = catalogue()[name]
        for message in ("There are no faces in the image. Should be at least 1.", "Request has invalid parameters"):
            answer = api.answer_for_error("InvalidParameterException", message)
            assert answer is not None and list(api.rows(answer)) == []
        assert api.answer_for_error("InvalidParameterException", "Value at 'collectionId' failed a constraint") is None
        assert api.answer_for_error("ImageTooLargeException", "There are no faces in the image") is None
    assert catalogue()["labels"].answer_for_error("InvalidParameterException", "Request has invalid parameters") is None


@each_api
def test_what_must_be_done_first_is_a_call_aws_takes(api: Api) -> None:
    for params in (defaults(api), {**defaults(api), "create": False}):
        for step in api.prepare(params):
            model = operation(step.operation)
            assert refusals(dict(step.arguments), step.operation) == []
            assert set(step.fine) <= {shape.name for shape in model.error_shapes}
