"""What a home's jobs have shown of how long AWS works on films."""

from pathlib import Path

import pytest

from benchmarks.synthetic_films import film_item, make_films
from jobs.film_speed import ASSUMED
from jobs.folder.films import FilmItem
from jobs.folder.whose import AWS, EMULATOR
from jobs.known.film_speed import film_speeds
from jobs.outcomes import Outcome
from jobs.status import status


def test_the_newest_jobs_of_a_home_show_it_by_api_and_by_who_answered(tmp_path: Path) -> None:
    assert film_speeds(str(tmp_path), None, AWS) == {}
    films = [film_item(number, 1 + number) for number in range(12)]  # of forty seconds each, whatever their length
    make_films(tmp_path, films, ["video-labels"], lambda film, api: [{"Labels": []}])
    make_films(tmp_path, films[:2], ["video-text"], lambda film, api: [{}], job="20261123-100000-f11e")
    speeds = film_speeds(str(tmp_path), None, AWS)
    assert [(api, one.jobs) for api, one in speeds.items()] == [("video-labels", 12)]
    assert speeds["video-labels"].seconds(1, 600_000) == pytest.approx(40)
    assert film_speeds(str(tmp_path), None, EMULATOR) == {}


def test_time_to_go_is_as_planned_until_as_many_jobs_have_ended_as_run_at_once(tmp_path: Path) -> None:
    films = [film_item(number, 10) for number in range(100)]
    spec = make_films(tmp_path, films, ["video-labels"], lambda film, api: [], instead=failed).spec
    early, later, known = (
        status(spec, {"ok:video-labels": ended} | more, "running", ran_s=100.0)
        for ended, more in ((19, {}), (20, {}), (20, {"known:video-labels": 1}))
    )
    planned = ASSUMED.seconds(100, 60_000_000) / 20 / 100  # for each film
    assert (early.eta_s, early.eta_by) == (pytest.approx(81 * planned), "planned")
    assert (later.eta_s, later.eta_by) == (80 * 100 / 20, "measured")
    assert known.eta_by == "planned"


def failed(film: FilmItem, api: str) -> Outcome:
    return Outcome(film.item_id, api, "failed", "Failed", "no", attempts=1)
