"""--first local: what conditions read of the bundled models is asked of them, apart from AWS's."""

import pytest

from emulator.models.catalogue import MODEL_VERSION
from emulator.operations.detect_moderation_labels import labels_of
from emulator.operations.vocabulary import vocabulary
from jobs.apis import Asked, ask, catalogue, choices_from_json, local_catalogue, requests
from jobs.apis.local import MODELS
from jobs.conditions import conditioned
from jobs.errors import UsageError
from jobs.known.keys import call_ids

LOOKED_AT = {name: local_catalogue()[name] for name in ("local.labels", "local.nudity")}
WHEN = ["moderation: local.nudity has any >= 5 or local.faces has any", "faces: local.faces has any"]


def asked(when: list[str] | str = WHEN, first: str | None = "local") -> Asked:
    return conditioned(ask(["moderation,faces"]), [when] if isinstance(when, str) else when, first)


def test_only_what_a_condition_reads_is_asked_with_every_parameter_spelled_out() -> None:
    found = asked()
    assert [choice.to_json() for choice in found.first] == [
        {"name": "local.faces", "params": {"attributes": ["ALL"], "models": MODELS}},
        {"name": "local.nudity", "params": {"min_confidence": 0.0, "project_version": None, "models": MODELS}},
    ]
    assert [choice.when for choice in found.images] == ["local.nudity has any >= 5 or local.faces has any", WHEN[1][7:]]
    assert choices_from_json(choice.to_json() for choice in (*found.first, *found.images)) == (
        *found.first, *found.images,
    )  # fmt: skip


def test_the_models_are_those_of_the_emulator() -> None:
    assert MODELS == MODEL_VERSION  # else answers of other models would be taken for known


def test_the_names_that_conditions_know_are_those_of_the_models() -> None:
    names = {api: next(one.values for one in found.columns if one.name == "name") for api, found in LOOKED_AT.items()}
    assert names["local.labels"] == tuple(sorted(vocabulary().labels))
    assert list(names["local.nudity"]) == [one["Name"] for one in labels_of({"nudity": 1.0}, 0.0)]  # type: ignore[typeddict-item]


@pytest.mark.parametrize("api", local_catalogue().values(), ids=lambda api: api.name)
def test_an_answer_of_the_models_costs_nothing_and_is_taken_for_no_answer_of_awss(api) -> None:  # type: ignore[no-untyped-def]
    choice = choices_from_json([{"name": api.name, "params": {}}])[0]
    assert (choice.meters, choice.api.prepare(choice.params)) == ((), ())
    twin = next(one for one in catalogue().values() if one.operation == api.operation)
    for_aws = choices_from_json([{"name": twin.name, "params": {}}])[0]
    assert len(requests([choice, for_aws])) == 2
    same = {frozenset(call_ids(account, choice, fit=True)) for account in ("123456789012", "endpoint:h:1", "local")}
    assert len(same) == 1
    assert not same.pop() & {*call_ids("123456789012", for_aws, fit=True), *call_ids("local", for_aws, fit=True)}


@pytest.mark.parametrize(
    ("when", "first", "what", "do"),
    [
        (WHEN, None, "reads local.faces, local.nudity, which only the bundled models answer", "Add --first local"),
        ("faces: moderation has any", "local", "no condition reads local.faces", "leave --first out"),
        ([], "local", "no condition reads local.faces", "leave --first out"),
        (WHEN, "aws", "--first aws: only the bundled models look first", "--first local"),
        (
            "faces: labels has any and local.faces has any",
            "local",
            "it reads labels, which is not asked",
            "--api labels",
        ),
    ],
)
def test_what_does_not_go_together_says_so(when: list[str] | str, first: str | None, what: str, do: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(when, first)
    assert what in caught.value.what
    assert do in caught.value.do


def test_no_api_is_asked_of_them_by_name() -> None:
    with pytest.raises(UsageError, match=r"local\.faces is what the bundled models answer, to conditions alone"):
        ask(["local.faces"])
