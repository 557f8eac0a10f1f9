"""Which frames --frames asks about, and which of them look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import UsageError
from jobs.media.marks import Mark, near
from jobs.plan.frame_rule import frame_rule
from jobs.uris import frame_of, frame_uri
from jobs.video.marks import NEAR, left_out


@pytest.mark.parametrize(
    ("text", "length_ms", "moments"),
    [
        ("1/s", 3000, [0, 1000, 2000]),
        ("1/s", 3001, [0, 1000, 2000, 3000]),
        ("2/s", 1200, [0, 500, 1000]),
        ("3/s", 1000, [0, 333, 666]),
        ("0.5/s", 5000, [0, 2000, 4000]),
        ("every=10s", 25_000, [0, 10_000, 20_000]),
        ("every=1.5s", 3100, [0, 1500, 3000]),
        ("every=2m", 130_000, [0, 120_000]),
        ("every=500ms", 900, [0, 500]),
        ("dynamic", 2000, [0, 1000]),
        ("1/s", 0, []),
        ("every=1h", 1, [0]),
    ],
)
def test_a_rate_gives_moments_by_length_alone(text: str, length_ms: int, moments: list[int]) -> None:
    rule = frame_rule(text)
    assert list(rule.moments(length_ms)) == moments
    assert rule.count(length_ms) == len(moments)


@given(st.integers(0, 10_000_000), st.integers(1, 200))
def test_moments_are_counted_without_being_made_and_lie_within_the_film(length_ms: int, tenths: int) -> None:
    rule = frame_rule(f"{tenths / 10}/s")
    count = rule.count(length_ms)
    last = int((count - 1) * rule.every_ms) if count else -1
    assert last < length_ms <= count * rule.every_ms


@pytest.mark.parametrize(
    ("text", "way", "dynamic", "decodes"),
    [
        ("shots", "shots", False, True),
        ("keyframes", "keyframes", False, False),
        ("keyframes,dynamic", "keyframes", True, True),
        ("2/s,dynamic", "rate", True, True),
        ("2/s", "rate", False, False),
    ],
)
def test_a_choice_says_whether_films_are_decoded_for_it(text: str, way: str, dynamic: bool, decodes: bool) -> None:
    rule = frame_rule(text)
    assert (rule.way, rule.dynamic, rule.decodes) == (way, dynamic, decodes)


NONE = "1 1/m 0/s -1/s every=0s every=10 every=10d scenes 1/s,2/s 61/s every=5ms dynamic,dynamic shots,keyframes 1/s,"


@pytest.mark.parametrize("text", ["", "nan/s", "1e3/s", *NONE.split()])
def test_what_is_no_choice_of_frames_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--frames"):
        frame_rule(text)


@given(st.text(), st.integers(0, 10**9))
def test_a_frames_name_leads_back_to_film_and_moment(film: str, at_ms: int) -> None:
    assert frame_of(frame_uri(film, at_ms)) == (film, at_ms)


def test_a_frames_name_is_a_media_fragment() -> None:
    assert frame_uri("s3://films/a#t=1.000.mp4", 12_040) == "s3://films/a#t=1.000.mp4#t=12.040"


WALL = Mark(0, 200, 200, 200)


def test_frames_are_near_by_what_is_where_and_by_colour() -> None:
    assert near(WALL, Mark(0b111111, 210, 190, 200), NEAR)
    assert not near(WALL, Mark(0b1111111, 200, 200, 200), NEAR)
    assert not near(WALL, Mark(0, 211, 200, 200), NEAR)


def test_each_frame_is_compared_with_the_last_that_was_kept() -> None:
    fading = [(at, Mark(0, 200 - at, 200, 200)) for at in range(0, 30, 5)]  # each near the one before
    assert left_out(fading) == {5, 10, 20, 25}


def test_a_moment_without_a_frame_is_kept_and_compared_with_none() -> None:
    assert left_out([(0, WALL), (1, None), (2, WALL)]) == {2}
