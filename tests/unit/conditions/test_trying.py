"""What answers that are there say of conditions: on how many images they hold, and what they would miss."""

from typing import Any

from jobs.apis import Choice, parse
from jobs.conditions import needed, under_conditions
from jobs.conditions.trying import Sampled, Tried, try_out

NOTHING: dict[str, Any] = {}
PERSON: dict[str, Any] = {"Labels": [{"Name": "Person", "Confidence": 90.0}]}
FACES: dict[str, Any] = {"FaceDetails": [{"Confidence": 99.0}, {"Confidence": 80.0}]}


def asked(*when: str) -> tuple[Choice, ...]:
    return under_conditions(parse(["celebrities,faces,labels"]), when)


def calls(
    labels: Any = NOTHING, faces: Any = NOTHING, celebrities: Any = NOTHING, without: str = "", follows: bool = False
) -> Sampled:
    """None: it failed, or was skipped. `without`: what was not asked."""
    made = {"labels": labels, "faces": faces, "celebrities": celebrities}
    return Sampled({api: answer for api, answer in made.items() if api not in without}, follows)


def tried_of(choices: tuple[Choice, ...], groups: list[list[Sampled]], *apis: str) -> list[Tried]:
    found = {one.api: one for one in try_out(choices, groups)}
    return [found[api] for api in apis]


def test_what_a_condition_holds_for_and_what_it_misses_is_counted() -> None:
    images = [
        calls(PERSON, FACES),
        calls(PERSON),
        calls(faces=FACES),  # labels has seen no person
        calls(),
        calls(None, FACES),  # not decided, so not asked
        calls(None, None),
    ]
    labels, faces = tried_of(asked("faces: labels has Person"), [images[:2], images[2:]], "labels", "faces")
    assert (faces.of, faces.held, faces.open, faces.held_by_group) == (6, 2, 0, [2, 0])
    assert (labels.of, labels.held, labels.held_by_group) == (6, 4, [2, 2])  # answered
    assert (faces.found, faces.missed, faces.found_in, faces.missed_in, faces.unasked) == (6, 4, 3, 2, 0)


def test_a_condition_on_what_was_not_asked_takes_it_as_the_scan_would() -> None:
    when = ("faces: labels has Person", "celebrities: faces has any")
    broken = calls(None, without="faces celebrities")
    images = [calls(PERSON, FACES), calls(faces=FACES), broken]
    (celebrities,) = tried_of(asked(*when), [images], "celebrities")
    assert (celebrities.of, celebrities.held, celebrities.open) == (3, 1, 0)


def test_a_picture_that_takes_anothers_answer_is_no_call_and_what_would_be_missed_on_it_counts() -> None:
    images = [
        calls(PERSON, FACES),
        calls(),
        *[calls(PERSON, FACES, follows=True)] * 5,
        calls(faces=FACES, follows=True),
    ]
    (faces,) = tried_of(asked("faces: labels has Person"), [images], "faces")
    assert (faces.of, faces.held, faces.held_by_group) == (2, 1, [1])
    assert (faces.found_in, faces.missed_in) == (7, 1)


def test_an_answer_that_another_condition_left_out_says_nothing() -> None:
    images = [calls(PERSON, FACES), calls(without="faces")]
    (celebrities,) = tried_of(asked("celebrities: faces has any"), [images], "celebrities")
    assert (celebrities.of, celebrities.held, celebrities.open) == (2, 1, 1)


def test_what_was_never_asked_where_a_condition_fails_is_not_said_to_miss_nothing() -> None:
    (faces,) = tried_of(
        asked("faces: labels has Person"), [[calls(PERSON, FACES), calls(without="faces celebrities")]], "faces"
    )
    assert (faces.found, faces.missed, faces.unasked) == (2, 0, 1)


def test_the_answers_that_conditions_read_are_needed_and_no_others() -> None:
    assert needed(asked("celebrities: faces has any")) == {"faces"}
    assert needed(asked()) == frozenset()
