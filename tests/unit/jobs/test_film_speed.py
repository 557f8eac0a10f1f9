"""What jobs on films show of AWS's speed."""

import pytest

from jobs.film_speed import ASSUMED, shown


def test_jobs_on_films_of_many_lengths_show_what_each_takes_and_what_its_length_adds():
    speed = shown([(film, 25 + 0.2 * film) for film in (60, 120, 600, 1800)])
    assert (speed.each, speed.share, speed.jobs) == (pytest.approx(25), pytest.approx(0.2), 4)


def test_films_that_are_all_as_long_show_how_far_the_guess_is_off():
    speed = shown([(100, 160), (101, 160), (102, 160)])
    assert speed.each / speed.share == pytest.approx(ASSUMED.each / ASSUMED.share)
    assert speed.seconds(1, 101_000) == pytest.approx(160, rel=0.01)


def test_one_or_two_jobs_show_nothing():
    assert shown([]) is shown([(10, 20), (1000, 200)]) is None
