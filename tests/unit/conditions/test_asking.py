"""--when on the APIs of a scan: what is asked under which condition, in which order, and what cannot be."""

import pytest

from jobs.apis import choices_from_json, parse, requests
from jobs.conditions import sources_first, under_conditions
from jobs.errors import UsageError


def test_a_condition_is_kept_in_its_own_words_and_read_back() -> None:
    found = under_conditions(parse(["faces,labels"]), ["faces: labels has Person>=60"])
    assert [(choice.api.name, choice.when) for choice in found] == [
        ("faces", 'labels has "Person" >= 60'),
        ("labels", ""),
    ]
    assert choices_from_json(choice.to_json() for choice in found) == found
    assert "when" not in found[1].to_json()


def test_apis_that_share_a_call_share_it_under_one_condition_only() -> None:
    together, apart = ["properties: text has any", "labels: text has any"], ["properties: labels has Person"]
    asked = parse(["labels,properties,text"])
    assert [request.name for request in requests(under_conditions(asked, together))] == ["labels+properties", "text"]
    assert [request.name for request in requests(under_conditions(asked, apart))] == ["labels", "properties", "text"]


def test_calls_come_after_those_whose_answers_they_need() -> None:
    asked = parse(["celebrities,faces,text,labels,properties"])
    values = ["faces: labels has Person", "celebrities: faces has any or text has any"]
    order = [request.name for request in sources_first(requests(under_conditions(asked, values)))]
    assert order == ["labels+properties", "faces", "text", "celebrities"]
    assert sources_first(requests(asked)) == requests(asked)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["labels has Person"], "no API before it"),
        (["moderation: labels has Person"], "that API is not asked"),
        (["video-faces: labels has Person"], "for stored video"),
        (["faces: text has any"], "it reads text, which is not asked"),
        (["faces: labels has A", "faces: labels has B"], "two conditions"),
        (["faces: faces has any"], "faces needs faces"),
        (["faces: labels has A", "labels: faces has any"], "circle"),
        (["faces: labels has"], "--when faces: .* at its end"),
        (["FACES: labels has Person"], "--when FACES: there is no such API"),
        (["faces,labels: labels has Person"], "a condition is of one API"),
        ([": labels has Person"], "no API before it"),
        (['labels has any where name = "a:b"'], "no API before it"),
        (["local.faces: labels has Person"], "the bundled models look first"),
    ],
)
def test_a_condition_that_cannot_be_is_a_usage_error(values: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        under_conditions(parse(["labels,faces"]), values)
