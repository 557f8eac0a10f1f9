"""The films of report.html in a real browser, opened from disk."""

import io
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from reports.facts.films import LANES
from reports.views.report import PAGE_BYTES, build_report
from tests.browser.conftest import Browser
from tests.browser.film_job import HOSTILE, MARK, draw_films, draw_six_hours
from tests.browser.test_report_page import axe

READY = "document.getElementById('theme').textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(build_report(draw_films(tmp_path_factory.mktemp("films"))).path)


def test_films_read_without_scripts_and_link_to_their_moments(browser: Browser, page: Path) -> None:
    browser.scripting(False)
    browser.open(page, ready="")
    film = browser.driver.find_element(By.CSS_SELECTOR, ".film")
    assert HOSTILE in film.text
    assert [bar.is_displayed() for bar in film.find_elements(By.CSS_SELECTOR, ".lane path")] == [True] * 3
    film.find_element(By.LINK_TEXT, "0:02").click()
    assert browser.driver.current_url.endswith(".mp4#t=2")


def test_a_click_on_a_bar_opens_the_film_there(browser: Browser, page: Path) -> None:
    browser.open(page, ready=READY)
    bar = browser.driver.find_element(By.CSS_SELECTOR, ".film .lane svg")
    ActionChains(browser.driver).move_to_element(bar).click().perform()  # in the middle of six seconds
    browser.until("location.hash == '#t=3.0'")
    assert browser.driver.current_url.startswith((page.parents[3] / "films").as_uri())


def test_a_still_shows_its_moment_and_its_box_lies_where_the_thing_is(browser: Browser, page: Path) -> None:
    browser.open(page, ready=READY)
    still = next(one for one in browser.driver.find_elements(By.CSS_SELECTOR, ".still") if "Red Rectangle" in one.text)
    browser.run("arguments[0].scrollIntoView({block: 'center'})", still)
    image, box = (still.find_element(By.CSS_SELECTOR, name) for name in ("img", ".boxes rect"))
    browser.until("arguments[0].complete && arguments[0].naturalWidth", image)
    place = "const r = arguments[0].getBoundingClientRect(); return [r.x, r.y, r.width, r.height]"
    (x, y, wide, high), (left, top, width, height) = browser.run(place, image), browser.run(place, box)
    seen = [(left - x) / wide, (top - y) / high, width / wide, height / high]
    assert seen == pytest.approx([MARK[side] for side in ("Left", "Top", "Width", "Height")], abs=0.02)
    picture = Image.open(io.BytesIO(image.screenshot_as_png)).convert("RGB")
    red, green, blue = picture.getpixel((picture.width // 2, picture.height // 4))  # type: ignore[misc]
    assert red > 150 > 80 > max(green, blue)
    browser.shoot("films")


def test_films_are_accessible(browser: Browser, page: Path) -> None:
    browser.open(page, ready=READY)
    assert axe(browser) == []
    assert browser.errors() == []


def test_six_hours_with_a_hundred_thousand_findings_are_a_page_to_look_at(browser: Browser, tmp_path: Path) -> None:
    page = Path(build_report(draw_six_hours(tmp_path)).path)
    assert page.stat().st_size < PAGE_BYTES
    browser.open(page, ready=READY)
    lanes = browser.driver.find_elements(By.CSS_SELECTOR, ".film .lane path")
    assert len(lanes) == LANES and all(lane.is_displayed() for lane in lanes)
    assert browser.errors() == []
    browser.shoot("six-hours")
    browser.scripting(False)
    browser.open(page, ready="")
    assert [lane.is_displayed() for lane in browser.driver.find_elements(By.CSS_SELECTOR, ".film .lane path")] == [
        True
    ] * LANES
