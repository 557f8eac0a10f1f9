"""`--api`: names, parameters, and errors that say what to write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import catalogue, choices_from_json, parse, sort_out
from jobs.errors import UsageError
from jobs.known.keys import call_ids

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/logos/version/v1/1767571200000"


def asked(*values: str) -> dict[str, dict[str, object]]:
    return {choice.api.name: dict(choice.params) for choice in parse(values)}


def test_a_parameter_belongs_to_the_api_before_it() -> None:
    found = asked("labels:min_confidence=70,max_labels=50,faces")
    assert list(found) == ["labels", "faces"]
    assert (found["labels"]["min_confidence"], found["labels"]["max_labels"]) == (70.0, 50)
    assert found["faces"] == {"attributes": ["ALL"]}


def test_every_parameter_is_spelled_out_so_that_runs_compare() -> None:
    for name, api in catalogue().items():
        if not any(param.required for param in api.params):
            assert asked(name)[name] == {param.name: param.default for param in api.params}


def test_with_how_many_units_a_model_runs_is_no_part_of_the_question():
    few, many = (
        parse([f"custom-labels:project_version_arn={ARN}"])[0],
        parse([f"custom-labels:units=4,project_version_arn={ARN}"])[0],
    )
    assert (few.units, many.units) == (1, 4)
    assert call_ids("123456789012", few, fit=True) == call_ids("123456789012", many, fit=True)


@pytest.mark.parametrize(
    "values",
    [
        ["labels", "faces"],
        ["labels,faces"],
        [" labels , faces "],
        ["labels,,faces,"],
        ["labels,faces,labels"],
    ],
)
def test_names_may_be_given_together_or_apart_and_count_once(values: list[str]) -> None:
    assert list(asked(*values)) == ["labels", "faces"]


def test_parameters_of_one_api_may_be_given_in_several_places() -> None:
    found = asked("labels:max_labels=5", "faces", "labels:min-confidence=60")
    assert (found["labels"]["max_labels"], found["labels"]["min_confidence"]) == (5, 60.0)


def test_values_may_hold_colons_and_slashes_and_lists_are_joined_by_plus() -> None:
    found = asked(f"custom-labels:project_version_arn={ARN}", "compare-faces:similarity_threshold=90,source=/a/b:c.jpg")
    assert found["custom-labels"]["project_version_arn"] == ARN
    assert found["compare-faces"]["source"] == "/a/b:c.jpg"
    assert asked("labels:include=Dog+Hot Air Balloon")["labels"]["include"] == ["Dog", "Hot Air Balloon"]
    assert asked("index-faces:collection=a,create=yes")["index-faces"]["create"] is True


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("label", "no API 'label'"),
        ("", "no API asked for"),
        ("min_confidence=70", "before any API name"),
        ("labels:min_confidence", "written key=value"),
        ("labels:min_confidense=70", "no parameter 'min_confidense'"),
        ("labels:min_confidence=high", "not a number"),
        ("labels:min_confidence=101", "outside 0 to 100"),
        ("labels:min_confidence=nan", "outside 0 to 100"),
        ("labels:max_labels=0", "outside 1 to 1000"),
        ("labels:max_labels=1.5", "not a whole number"),
        ("labels:include=Dog&Cat", "not in the form AWS takes"),
        ("faces:attributes=SMILE+NOSE", "'NOSE' is not one of"),
        ("index-faces:collection=a,create=perhaps", "not true or false"),
        ("index-faces", "needs collection="),
        ("index-faces:collection=my faces", "not in the form AWS takes"),
        ("search-faces:collection=a,quality_filter=BEST", "'BEST' is not one of"),
        ("moderation:project_version=v1", "not in the form AWS takes"),
        ("custom-labels:project_version_arn=arn:aws:s3:::x", "not in the form AWS takes"),
        ("protective-equipment:required=FACE_COVER+FACE_COVER+HAND_COVER+HEAD_COVER", "at most 3"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_reason(value: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse([value])
    assert says in refused.value.what
    assert refused.value.code == 2


@pytest.mark.parametrize("api", catalogue().values(), ids=lambda api: api.name)
def test_a_job_file_gives_back_the_same_choices(api) -> None:
    required = {"collection": "a", "source": "me.jpg", "project_version_arn": ARN}
    settings = [f"{param.name}={required[param.name]}" for param in api.params if param.required]
    (choice,) = parse([":".join([api.name, ",".join(settings)]) if settings else api.name])
    (again,) = choices_from_json(json.loads(json.dumps([choice.to_json()])))
    assert again == choice


def test_an_older_job_file_gets_the_defaults_of_newer_parameters() -> None:
    (choice,) = choices_from_json([{"name": "labels", "params": {"min_confidence": 70.0}}])
    assert choice.params == {**asked("labels")["labels"], "min_confidence": 70.0}


def test_a_misspelt_name_is_answered_with_the_likely_one() -> None:
    with pytest.raises(UsageError) as refused:
        parse(["celebrites"])
    assert refused.value.do.startswith("Did you mean celebrities? ")


@given(st.text(max_size=40))
def test_any_text_is_understood_or_refused_never_a_crash(text: str) -> None:
    try:
        parse([text])
    except UsageError as refused:
        assert refused.what


@pytest.mark.parametrize(
    ("operation", "name"),
    [("DetectLabels", "labels"), ("DetectText", "text"), ("DetectModerationLabels", "moderation")],
)
def test_an_api_may_be_called_as_aws_calls_it(operation: str, name: str) -> None:
    assert list(asked(operation)) == [name]
    assert asked(f"{operation}:min_confidence=70" if name != "text" else operation) == asked(
        f"{name}:min_confidence=70" if name != "text" else name
    )
    assert [choice.api.name for choice in sort_out(["StartLabelDetection"]).videos] == ["video-labels"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("lables", "labels"), ("LABELS", "labels"), ("DetectLabel", "labels"), ("detect-text", "text")]
)
def test_a_misspelled_api_gets_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([typed])
    assert f"Did you mean {meant}?" in caught.value.do


def test_a_price_takes_no_parameter_that_a_request_needs() -> None:
    names = "compare-faces,index-faces,search-faces,custom-labels"
    found = sort_out([names], whole=False).images
    assert [choice.api.name for choice in found] == names.split(",")
    assert not any(choice.whole for choice in found)
    assert all(choice.whole for choice in sort_out(["labels,search-faces:collection=people"]).images)
    with pytest.raises(UsageError, match="no parameter 'colection'"):
        sort_out(["search-faces:colection=people"], whole=False)
