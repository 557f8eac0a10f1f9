"""The first line of a report, for each API and for mixes of them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from jobs.apis import catalogue
from reports.facts.headline import headline
from reports.facts.values import Facts, Outlook, Seen


def facts(of: Outlook, *seen: Seen) -> Facts:
    return Facts({}, {}, 0, (), (), (), None, (), of, seen)


def sights(
    found: Mapping[str, tuple[int, ...]], answered: int = 26, names: tuple[tuple[str, int], ...] = ()
) -> list[Seen]:
    """Each API's sights, seen in so many items."""
    pairs = [
        (sight, items)
        for api, several in found.items()
        for sight, items in zip(catalogue()[api].sights, several, strict=True)
    ]
    return [Seen(sight, items, answered, names if sight.named else ()) for sight, items in pairs]


NAMES = (("Animal", 12), ("Food", 6), ("Plant", 5), ("Cup", 1))
ALL = Outlook(asked=26, answered=26)


@pytest.mark.parametrize(
    ("api", "items", "words"),
    [
        ("labels", (9, 26), "people in 9, labels in 26 (Animal 12, Food 6, Plant 5)."),
        ("faces", (9,), "people in 9."),
        ("text", (11,), "text in 11."),
        ("moderation", (2,), "2 flagged as unsafe."),
        ("celebrities", (1, 9), "celebrities in 1, people in 9."),
        ("protective-equipment", (9, 3, 0), "people in 9, protective equipment in 3."),
        (
            "protective-equipment",
            (9, 3, 2),
            "people in 9, protective equipment in 3, people without the equipment asked for in 2.",
        ),
        ("compare-faces", (4,), "the person looked for in 4."),
        ("index-faces", (9, 8), "people in 9, faces of 8 stored."),
        ("search-faces", (4, 9), "known faces in 4, people in 9."),
        ("custom-labels", (7,), "your labels in 7 (Animal 12, Food 6, Plant 5)."),
        ("properties", (26,), "colours in 26."),
    ],
)
def test_each_api_says_what_it_found(api: str, items: tuple[int, ...], words: str) -> None:
    assert headline(facts(ALL, *sights({api: items}, names=NAMES))) == f"26 of 26 pictures answered: {words}"


@pytest.mark.parametrize("api", sorted(catalogue()))
def test_each_api_says_when_it_found_nothing(api: str) -> None:
    nothing = headline(facts(ALL, *sights({api: (0,) * len(catalogue()[api].sights)})))
    assert " 0" not in nothing and "{" not in nothing and "()" not in nothing
    assert nothing.startswith("26 of 26 pictures answered: no") or "in none" in nothing


def test_a_mix_is_one_sentence_and_colours_are_not_worth_a_word_beside_others() -> None:
    of = Outlook(asked=29, answered=26, failed=1, unread=2)
    mix = sights({"faces": (9,), "properties": (26,), "text": (11,), "moderation": (0,)})
    assert headline(facts(of, *mix)) == (
        "26 of 29 pictures answered: people in 9, text in 11, nothing flagged as unsafe;"
        " 2 files could not be read; 1 failed."
    )


def test_what_is_named_comes_last() -> None:
    mix = sights({"custom-labels": (3,), "text": (11,)}, names=NAMES[:1])
    assert headline(facts(ALL, *mix)).endswith("text in 11, your labels in 3 (Animal 12).")


def test_labels_that_may_have_been_told_not_to_look_for_people_say_nothing_of_them() -> None:
    assert "people" not in headline(facts(ALL, *sights({"labels": (0, 20)})))


def test_what_was_not_asked_of_all_says_of_how_many() -> None:
    of = Outlook(asked=30, answered=26, part=16, pending=4)
    text, flagged = sights({"text": (3,)}, 12)[0], sights({"moderation": (0,)}, 10)[0]
    assert headline(facts(of, text, flagged)) == (
        "26 of 30 pictures answered: text in 3 of 12, nothing flagged as unsafe in the 10 looked at for it;"
        " 16 of them in part; 4 not reached yet."
    )


def test_what_was_not_answered_at_all_is_not_said_to_be_nothing() -> None:
    assert headline(facts(ALL, *sights({"moderation": (0,)}, 0), *sights({"text": (2,)}))).endswith("text in 2.")
    none = Outlook(asked=29, failed=29)
    assert headline(facts(none, *sights({"moderation": (0,)}, 0))) == "None of 29 pictures answered; 29 failed."


def test_a_sight_of_pictures_alone_is_not_of_fewer_because_there_are_films() -> None:
    of = Outlook(asked=32, answered=30, unread=2, noun="item")
    text = replace(sights({"text": (11,)}, 29)[0], asked=29)
    both = replace(sights({"faces": (10,)}, 30)[0], asked=30)
    told = headline(facts(of, both, text))
    assert told == "30 of 32 items answered: people in 10, text in 11; 2 files could not be read."


def test_one_picture_and_none_are_said_as_people_say_them() -> None:
    one = Outlook(asked=1, answered=1, unread=1)
    assert headline(facts(one)) == "1 of 1 picture answered; 1 file could not be read."
    assert headline(facts(Outlook())) == "No picture to ask about."


def test_a_threshold_and_the_emulator_are_told() -> None:
    told = headline(facts(ALL, *sights({"text": (2,)})), min_confidence=90.0, note="Nothing was paid.")
    assert told == ("26 of 26 pictures answered (from 90 % confidence on): text in 2. Nothing was paid.")
