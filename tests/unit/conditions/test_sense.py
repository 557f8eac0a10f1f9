"""Conditions that are the same of every picture are refused as they are typed, and the others are not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import Choice, parse
from jobs.conditions import parse as read
from jobs.conditions import tree, under_conditions
from jobs.conditions.holding import compares
from jobs.conditions.ways import EITHER, Comparison, Subject, can_be
from jobs.errors import UsageError

APIS = "labels,faces:attributes=DEFAULT+SMILE,moderation:min_confidence=0,text,properties,protective-equipment"


def asked(when: str) -> tuple[Choice, ...]:
    return under_conditions(parse([APIS, "celebrities"]), [f"celebrities: {when}"], first="local" in when)


@pytest.mark.parametrize(
    ("when", "says", "do"),
    [
        ("labels has Person where width >= 50", "width >= 50: width is a ratio of the picture, 0 to 1", "Write 0.5"),
        ("labels has any where area > 1.5", "area is a ratio of the picture", ""),
        ("labels has any where left != 40", "left is a ratio of the picture, about 0 to 1", ""),
        ("labels has Person >= 600", 'labels has "Person" >= 600: confidence is in percent, 0 to 100', ""),
        ("faces has any where smile_confidence < -1", "in percent, 0 to 100", ""),
        ("labels has Person >= 0.6", "in percent", "Write 60 for 60 %."),
        ("labels has Person > 100", "never true: confidence is in percent, 0 to 100", "Nothing would be asked"),
        ("labels has Person < 50", "never true: .* under 55 none is asked for", ""),
        ("local.labels has Dog < 10", "never true: .* under 20 none is asked for", ""),
        ("properties.image_sharpness < 0", "never true: properties.image_sharpness is in percent", ""),
        ("count(labels has Person) = 1.5", "never true: a count is a whole number, 0 or more", ""),
        ("count(labels) = -1", "a count is a whole number, 0 or more", ""),
        ("count(labels) >= 0", "always true: a count is a whole number", "tells no picture from another"),
        ("labels.label_count >= 0", "always true: labels.label_count is a whole number, 0 or more", ""),
        ("faces.face_count > 100", "never true: faces.face_count is a whole number, 0 to 100", ""),
        ("faces has any where yaw > 200", "yaw is in degrees, -180 to 180", ""),
        ("labels has any where instance = 0", "instance is a whole number, 1 or more", ""),
        ("properties has any where red = 256", "red is 0 to 255", ""),
        ("text has any where type = WORDS", "type is never 'WORDS'", "Did you mean WORD\\? There are: LINE, WORD"),
        ("text has any where type contains X", "never true: type is LINE or WORD", ""),
        ("local.labels has Persson", "name is never 'Persson'", "Did you mean Person\\? There are 1,134 others."),
        ("local.nudity has Nudity", "name is never 'Nudity'", "There are: Explicit, Explicit Nudity."),
        ("protective-equipment has MASK", "equipment is never 'MASK'", "FACE_COVER"),
        ('labels has ""', "no cell has a text that is empty", ""),
        ('labels has "Dog "', "begins or ends with a space", ""),
        ("labels has Dog where name = Cat", 'labels has "Dog" where name = "Cat" is never true', ""),
        ("labels has Dog >= 60 where confidence < 60", "is never true", ""),
        ("labels has Dog where (width > 0.5 and (height > 0.5 and width < 0.5))", "is never true", ""),
        ("text has any or labels has A and not labels has A", 'labels has "A" and not labels has "A" is never', ""),
        ("labels has A or count(labels has A) = 0", "always true", "tells no picture from another"),
        ("count(labels) > 3 or count(labels) < 5", "always true", ""),
        ("faces has any where beard = true", "beard of faces stays empty", "docs/apis.md"),
        ("faces.oldest_age > 60", "oldest_age of faces stays empty", ""),
        ("faces has HAPPY", "emotion of faces stays empty", ""),
        ("protective-equipment has any where required = without", "required of protective-equipment stays empty", ""),
    ],
)
def test_what_is_the_same_of_every_picture_is_refused_and_says_what_can_be(when: str, says: str, do: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        asked(when)
    assert caught.value.what.startswith("--when celebrities: ")
    assert re.search(do, caught.value.do)


@pytest.mark.parametrize(
    "when",
    [
        "labels has Person >= 40",  # as >= 55, which is what labels asks for
        "labels has Person >= 100",
        "labels has any where width >= 0",  # where there is a box
        "labels has any where not width < 0.5",
        "faces has any where (smile = true and yaw > -20)",
        "local.nudity has any >= 0.5",
        "moderation has any < 0.5",
        "moderation.moderation_confidence >= 0",  # where there is any
        "count(labels) >= 1.5",
        "count(labels) > 3 and count(labels) < 5",
        "count(labels has A) > 3 and count(labels has B) < 3",
        "labels has A where (name contains B and parents = C and parents = D)",
        "text has any where (type = word and text != A and text != B)",
        "protective-equipment has face_cover",
        " or ".join(f"labels.label_count = {n} and labels has any where width > 0.{n}" for n in range(1, 60)),
    ],
)
def test_what_may_be_so_or_not_is_not(when: str) -> None:
    assert asked(when)[-1].when


def test_a_condition_that_a_job_has_is_read_whatever_is_refused_today() -> None:
    for when in ("count(labels) >= 0", 'labels has "Person" >= 600'):
        assert str(read(when)) == when


@given(st.data())
def test_a_term_that_some_content_makes_true_is_never_told_to_be_false(data: st.DataObject) -> None:
    ops, numbers = st.sampled_from(["=", "!=", ">=", "<=", ">", "<"]), st.integers(-3, 3).map(float)
    subject = Subject("a", "a", data.draw(st.sampled_from(["int32", "float64"])), empty=data.draw(st.booleans()))
    leaves = [tree.Compared(f"c{n}", data.draw(ops), data.draw(numbers)) for n in range(3)]
    first, second, third = leaves
    term = data.draw(
        st.sampled_from([tree.All((first, tree.Not(second))), tree.Any((tree.All((first, third)), second))])
    )
    found = can_be(term, {leaf: Comparison(subject, leaf.op, leaf.value) for leaf in leaves})
    content = data.draw(numbers if subject.kind == "int32" else st.floats(-5, 5))
    held = [compares(content, leaf.op, leaf.value) for leaf in leaves]
    so = held[0] and not held[1] if isinstance(term, tree.All) else (held[0] and held[2]) or held[1]
    assert so in found
    assert found <= EITHER
