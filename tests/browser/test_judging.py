"""Findings judged in the report itself, opened from disk, by keys; the sheet goes home."""

import csv
import io
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from jobs.errors import UsageError
from jobs.intervals import wilson
from reports.review.judged import judge
from reports.review.verdicts import COLUMNS, read_verdicts
from tests.browser.conftest import Browser
from tests.browser.gallery_job import Drawn
from tests.browser.test_report_page import axe, set_field
from tests.support.waiting import until


@pytest.fixture
def judging(browser: Browser, drawn: Drawn) -> Browser:
    """The report with nothing judged."""
    browser.open(drawn.page)
    browser.run("localStorage.clear()")
    browser.open(drawn.page)
    return browser


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        ActionChains(browser.driver).send_keys(key).perform()


def text(browser: Browser, name: str) -> str:
    return str(browser.run("return document.getElementById(arguments[0]).textContent", name))


def begin(browser: Browser, name: str = "") -> None:
    set_field(browser, "f-name", name)
    browser.driver.find_element(By.ID, "judge-open").click()
    browser.until("document.getElementById('judge').open")


def downloaded(browser: Browser, folder: Path) -> bytes:
    browser.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    browser.driver.find_element(By.CSS_SELECTOR, "#judge button[value=download]").click()
    sheet = folder / "review.csv"
    until(lambda: sheet.exists() and sheet.stat().st_size, "the sheet is saved")
    return sheet.read_bytes()


def test_keys_judge_progress_and_precision_are_live_and_the_sheet_comes_back(
    judging: Browser, drawn: Drawn, tmp_path: Path
) -> None:
    begin(judging, '"Dog"')
    total = int(text(judging, "j-progress").split()[2])
    assert total > 5
    press(judging, "y", "y", "n", "u")
    assert text(judging, "j-progress") == f"4 of {total} judged"
    (row,) = judging.run("return [...document.querySelectorAll('#j-precision tr')].map((r) => r.innerText)")
    interval = wilson(2, 3)
    wanted = f"labels: Dog\t2 of 3\t67 %\t{100 * interval.low:.0f} to {100 * interval.high:.0f}"
    assert " ".join(row.split()) == " ".join(wanted.split())
    judging.shoot("judging")
    press(judging, Keys.ARROW_LEFT, "n")  # the fourth again, otherwise
    assert judging.run("return document.querySelectorAll('#j-precision tr td')[0].textContent") == "2 of 4"
    sheet = downloaded(judging, tmp_path)
    rows = list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["verdict"] for row in rows] == ["yes", "yes", "no", "no"]
    assert {row["job"] for row in rows} == {drawn.folder.job}
    found = judge(drawn.folder, read_verdicts(sheet, drawn.folder.job))
    assert (found.all.reviewed, found.all.right, found.names[0].name) == (4, 2, "Dog")
    assert found.all.findings > 4  # the name is that of the tables
    drawn.folder.delete("reports/review.json")
    with pytest.raises(UsageError, match="not of other"):
        read_verdicts(sheet, "other")
    assert judging.errors() == []


def test_verdicts_are_there_when_the_page_is_opened_again_until_they_are_forgotten(
    judging: Browser, drawn: Drawn
) -> None:
    begin(judging)
    press(judging, "y", "n")
    first = judging.run("return document.getElementById('j-name').textContent")
    judging.open(drawn.page)
    assert text(judging, "judge-open") == "Judge findings (2 judged)"
    assert len(judging.driver.find_elements(By.CSS_SELECTOR, ".finds li[data-said]")) == 2
    begin(judging)
    assert text(judging, "j-progress").startswith("2 of ")
    assert judging.run("return document.getElementById('j-name').textContent") == first
    forget = judging.driver.find_element(By.CSS_SELECTOR, "#judge button[value=forget]")
    forget.click()
    assert forget.text == "Forget 2: click again"
    forget.click()
    assert text(judging, "j-progress").startswith("0 of ")
    press(judging, Keys.ESCAPE)
    assert not judging.run("return document.getElementById('judge').open")


def test_names_are_those_of_the_tables_and_no_cell_is_a_formula(judging: Browser, drawn: Drawn, tmp_path: Path) -> None:
    begin(judging, '"Happy"')
    press(judging, "y")
    press(judging, Keys.ESCAPE)
    begin(judging, "-12")
    press(judging, "y")
    rows = list(csv.DictReader(io.StringIO(downloaded(judging, tmp_path).decode("utf-8-sig"), newline="")))
    assert rows[0]["name"] == "HAPPY"
    assert not rows[1]["name"].startswith(("=", "+", "@"))
    assert "-12" in rows[1]["name"]


def test_what_is_flagged_stays_blurred_until_asked_for_and_all_is_accessible(judging: Browser) -> None:
    begin(judging, "Weapons")
    frame = judging.driver.find_element(By.CSS_SELECTOR, "#judge .frame img")
    assert "blur" in frame.value_of_css_property("filter")
    assert axe(judging) == []
    judging.driver.find_element(By.CSS_SELECTOR, "#judge button[value=show]").click()
    assert frame.value_of_css_property("filter") == "none"


def test_without_scripts_nothing_is_offered_to_judge(browser: Browser, drawn: Drawn) -> None:
    browser.scripting(False)
    browser.open(drawn.page, ready="")
    assert not browser.driver.find_element(By.ID, "judge-open").is_displayed()
    assert not browser.driver.find_element(By.ID, "judge").is_displayed()
