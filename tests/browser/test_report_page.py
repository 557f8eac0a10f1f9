"""report.html in a real browser, opened from disk."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from benchmarks.synthetic_job import make_job
from jobs.words import short
from rekscan.cli import run
from rekscan.commands.diff import diff
from rekscan.settings import Connection
from reports.tables.load import load_folder
from reports.views.report import build_report
from tests.browser.conftest import AXE, Browser
from tests.browser.gallery_job import HOSTILE, MARK, ROTATED, Drawn

Axe = list[dict[str, Any]]


def visible(browser: Browser) -> list[str]:
    """Names of the cards that are shown."""
    script = "return [...document.querySelectorAll('.card')].filter(c => !c.hidden).map(c => c.dataset.name)"
    return list(browser.run(script))


def shown(browser: Browser) -> int:
    return int(browser.run("return document.getElementById('shown').textContent").split()[0])


def set_field(browser: Browser, name: str, value: str) -> None:
    script = (
        "const f = document.getElementById(arguments[0]); f.value = arguments[1]; f.dispatchEvent(new Event('input'))"
    )
    browser.run(script, name, value)


def axe(browser: Browser) -> Axe:
    """Violations of WCAG 2.1 A and AA that axe-core finds."""
    browser.run(AXE.read_text())
    run = """
        const done = arguments[arguments.length - 1];
        axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
            .then((found) => done(found.violations.map((v) => ({id: v.id, help: v.help,
                nodes: v.nodes.slice(0, 3).map((n) => n.html + " | " + n.failureSummary)}))));"""
    return list(browser.driver.execute_async_script(run))


def test_it_opens_without_an_error_and_asks_for_nothing_but_its_own_pictures(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    browser.run("window.scrollTo(0, document.body.scrollHeight)")
    assert browser.errors() == []
    asked = [url for url in browser.requests() if not url.startswith("about:")]
    assert asked[0] == drawn.page.as_uri()
    pictures = (drawn.page.parent / "report").as_uri()
    assert all(url.startswith(pictures) for url in asked[1:])
    browser.shoot("overview")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(browser: Browser, drawn: Drawn, scheme: str) -> None:
    browser.media(prefers_color_scheme=scheme)
    browser.open(drawn.page)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert axe(browser) == []
    browser.run("document.getElementById('gallery').scrollIntoView()")
    browser.shoot(f"gallery-{scheme}")


def test_it_reads_without_scripts(browser: Browser, drawn: Drawn) -> None:
    browser.scripting(False)
    browser.open(drawn.page, ready="")
    text = browser.driver.find_element(By.TAG_NAME, "main").text
    for heading in ("What was found", "Gallery", "What failed or was left out", "Cost", "How it ran"):
        assert heading in text
    cards = browser.driver.find_elements(By.CSS_SELECTOR, ".card")
    assert len(cards) > 24
    assert all(card.is_displayed() for card in cards)
    assert not browser.driver.find_element(By.ID, "filters").is_displayed()


@pytest.mark.parametrize("item", [ROTATED, 8, 11])
def test_a_box_lies_where_the_table_says(browser: Browser, drawn: Drawn, item: int) -> None:
    browser.open(drawn.page, f"#item-{item}")
    card = browser.driver.find_element(By.ID, f"item-{item}")
    find = card.find_element(By.CSS_SELECTOR, "li[data-n='Red Rectangle']")
    browser.until("arguments[0].querySelector('img').complete", card)
    ActionChains(browser.driver).move_to_element(find).perform()
    image, box = browser.run(
        """
        const card = document.getElementById(arguments[0]), rect = card.querySelector(".boxes rect.on");
        const sides = (r) => [r.left, r.top, r.width, r.height];
        return [sides(card.querySelector("img").getBoundingClientRect()), sides(rect.getBoundingClientRect())];""",
        f"item-{item}",
    )
    labels = load_folder(drawn.folder)["labels"].query("item_id == @item and name == 'Red Rectangle'").iloc[0]
    stroke = 4
    for at, side, size in ((0, "left", image[2]), (1, "top", image[3])):
        assert box[at] == pytest.approx(image[at] + labels[side] * size, abs=stroke)
    assert box[2] == pytest.approx(labels["width"] * image[2], abs=2 * stroke)
    assert box[3] == pytest.approx(labels["height"] * image[3], abs=2 * stroke)
    browser.shoot(f"box-{item}")
    assert_red_inside(browser, image)


def assert_red_inside(browser: Browser, image: list[float]) -> None:
    """The picture itself is upright: the drawn rectangle is red on the screen where the answer says, and only there."""
    screen = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")

    def pixel(x: float, y: float) -> Any:
        return screen.getpixel((int(image[0] + x * image[2]), int(image[1] + y * image[3])))

    for x, y in ((0.5, 0.25), (0.28, 0.16), (0.72, 0.35)):
        red, green, blue = pixel(x, y)
        assert red > 180 and green < 70 and blue < 70, (x, y)
    for x, y in ((0.15, 0.25), (0.85, 0.25), (0.5, 0.05), (0.5, 0.45)):
        red, green, blue = pixel(x, y)
        assert not (red > 190 and green < 60 and blue < 60), (x, y)
    assert MARK == {"Left": 0.25, "Top": 0.125, "Width": 0.5, "Height": 0.25}


def test_boxes_show_on_hover_and_on_focus_only(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    card = browser.driver.find_element(By.CSS_SELECTOR, ".card:not(.sensitive, [hidden]):has(img)")
    boxes = card.find_element(By.CSS_SELECTOR, ".boxes")
    assert boxes.value_of_css_property("opacity") == "0"
    ActionChains(browser.driver).move_to_element(card.find_element(By.TAG_NAME, "img")).perform()
    assert boxes.value_of_css_property("opacity") == "1"
    ActionChains(browser.driver).move_to_element(browser.driver.find_element(By.CLASS_NAME, "brand")).perform()
    assert boxes.value_of_css_property("opacity") == "0"
    browser.run("arguments[0].querySelector('li.boxed').focus()", card)
    assert boxes.value_of_css_property("opacity") == "1"


def test_filters_narrow_and_count_and_come_back(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    everything = shown(browser)
    set_field(browser, "f-name", "Weapons")
    with_weapons = shown(browser)
    tables = load_folder(drawn.folder)
    assert 0 < with_weapons == tables["moderation"].query("name == 'Weapons'")["item_id"].nunique()
    set_field(browser, "f-name", "")
    set_field(browser, "f-search", "picture-02")
    assert all("picture-02" in name for name in visible(browser))
    set_field(browser, "f-search", "")
    set_field(browser, "f-api", "moderation")
    assert shown(browser) == tables["moderation"]["item_id"].nunique()
    set_field(browser, "f-api", "")
    assert shown(browser) == everything


def test_the_slider_hides_what_is_less_certain(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    set_field(browser, "f-name", "Dog")
    set_field(browser, "f-confidence", "90")
    labels = load_folder(drawn.folder)["labels"]
    assert shown(browser) == labels.query("name == 'Dog' and confidence >= 90")["item_id"].nunique()
    script = """
        const shown = [...document.querySelectorAll(".card:not([hidden]) li:not(.under)")];
        return shown.map((li) => Number(li.dataset.c ?? 100));"""
    assert min(browser.run(script)) >= 90


def test_sorting_by_confidence_puts_the_least_certain_first(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    set_field(browser, "f-name", "Dog")
    set_field(browser, "f-sort", "low")
    script = """
        return [...document.querySelectorAll('.card:not([hidden])')].map((card) => Math.max(
            ...[...card.querySelectorAll("li[data-n='Dog']")].map((li) => Number(li.dataset.c))))"""
    order = browser.run(script)
    assert order == sorted(order)


def test_keys_turn_pages_and_a_slash_searches(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    first = visible(browser)
    body = browser.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.ARROW_RIGHT)
    second = visible(browser)
    assert not set(first) & set(second)
    body.send_keys(Keys.ARROW_LEFT)
    assert visible(browser) == first
    body.send_keys("/")
    assert browser.run("return document.activeElement.id") == "f-search"


def test_a_link_leads_to_its_item_on_whatever_page_it_is(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    last = browser.run("return [...document.querySelectorAll('.card')].at(-1).id")
    browser.open(drawn.page, f"#{last}")
    assert browser.driver.find_element(By.ID, last).is_displayed()


def test_a_bar_is_a_door_to_its_findings_and_the_view_is_a_link(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    script = "return [...document.querySelectorAll('#api-labels a.door')].find((a) => a.textContent === arguments[0])"
    ActionChains(browser.driver).move_to_element(browser.run(script, "Cat")).click().perform()
    browser.until("location.hash.startsWith('#gallery?')")
    labels = load_folder(drawn.folder)["labels"].query("name == 'Cat'")
    browser.until(
        "document.getElementById('shown').textContent.split(' ')[0] == arguments[0]", labels["item_id"].nunique()
    )
    browser.shoot("door")
    set_field(browser, "f-confidence", "80")
    sure = labels.query("confidence >= 80")["item_id"].nunique()
    assert shown(browser) == sure
    link = browser.run("return location.hash")
    browser.open(drawn.page, link)  # as somebody it was sent to
    assert shown(browser) == sure
    browser.run("document.querySelector('#api-properties a.door').click()")
    browser.until("document.getElementById('f-api').value === 'properties'")
    assert shown(browser) > 0


def test_bars_of_attributes_and_of_confidence_are_doors_too(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    tables = load_folder(drawn.folder)
    faces, labels = tables["faces"], tables["labels"]
    open_door = """
        const doors = [...document.querySelectorAll(arguments[0] + " a.door")];
        const door = doors.find((a) => a.textContent.trim().startsWith(arguments[1]));
        door.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
        return door.getAttribute("href")"""
    link = browser.run(open_door, "#api-faces", "Smile")
    smiling = faces.query("smile == True")["item_id"].nunique()
    browser.until("document.getElementById('shown').textContent.split(' ')[0] == arguments[0]", smiling)
    browser.shoot("door-attribute")
    browser.open(drawn.page, link)  # as somebody it was sent to
    assert (shown(browser), browser.run("return document.getElementById('f-mark').value")) == (smiling, '"Smile"')
    browser.run(open_door, "#api-faces", "Female")
    women = faces.query("gender == 'Female'")["item_id"].nunique()
    browser.until("document.getElementById('shown').textContent.split(' ')[0] == arguments[0]", women)
    browser.run(open_door, "#api-labels", "70 to 75 %")
    browser.until("document.getElementById('f-to').value === '75'")
    assert shown(browser) == labels.query("70 <= confidence < 75")["item_id"].nunique() > 0
    between = """
        return [...document.querySelectorAll(".card:not([hidden]) li[data-a=labels]:not(.under)")]
            .every((li) => Number(li.dataset.c) >= 70 && Number(li.dataset.c) < 75)"""
    assert browser.run(between)
    assert axe(browser) == [] and browser.errors() == []
    browser.run("document.getElementById('api-labels').scrollIntoView()")
    browser.shoot("doors")


def test_a_problem_leads_to_its_items(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    lead = browser.driver.find_element(By.CSS_SELECTOR, "#problems .uris a")
    wanted = str(lead.get_attribute("href")).partition("#")[2]
    browser.run("arguments[0].click()", lead)
    browser.until("location.hash === '#' + arguments[0]", wanted)
    assert browser.driver.find_element(By.ID, wanted).is_displayed()


def test_what_was_not_answered_is_not_zero(browser: Browser, tmp_path: Path) -> None:
    def answer(item: int, api: str) -> dict[str, Any]:
        smile = {"Smile": {"Value": True, "Confidence": 99.0}} if item < 4 else {}
        return {"FaceDetails": [{"Confidence": 99.0, "EyesOpen": {"Value": False, "Confidence": 90.0}, **smile}]}

    folder = make_job(tmp_path, 10, ("faces",), answers=answer)
    browser.open(Path(build_report(folder, thumbnails=False).path))
    script = """
        const rows = [...document.querySelectorAll("#api-faces table.bars tr")];
        return rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()).filter(Boolean).join(" "))"""
    rows = browser.run(script)
    assert {"Smile 4 100 % of 4", "Eyes open 0 0 %", "Beard not answered"} <= set(rows)
    browser.run("document.getElementById('api-faces').scrollIntoView()")
    browser.shoot("not-answered")


def test_wide_tables_scroll_on_a_narrow_screen_and_say_so(browser: Browser, drawn: Drawn) -> None:
    browser.driver.set_window_size(500, 900)
    try:
        browser.open(drawn.page)
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        for region in browser.driver.find_elements(By.CSS_SELECTOR, ".scroll"):
            assert browser.run("return arguments[0].scrollWidth > arguments[0].clientWidth", region)
            cue = "return getComputedStyle(arguments[0].querySelector('caption'), '::after').content"
            assert "scrolls sideways" in browser.run(cue, region)
        browser.run("document.querySelector('.halves .scroll').scrollIntoView()")
        browser.shoot("narrow")
    finally:
        browser.driver.set_window_size(1360, 900)


def test_flagged_pictures_are_blurred_until_asked_for(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    card = browser.driver.find_element(By.CSS_SELECTOR, ".card.sensitive:not([hidden]):has(img)")
    image = card.find_element(By.TAG_NAME, "img")
    assert "blur" in image.value_of_css_property("filter")
    card.find_element(By.CSS_SELECTOR, ".tools .uncover").click()
    assert image.value_of_css_property("filter") == "none"


def test_a_card_enlarges_and_steps_by_arrow(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    card = browser.driver.find_element(By.CSS_SELECTOR, ".card:not(.sensitive, [hidden]):has(img)")
    card.find_element(By.CSS_SELECTOR, ".tools .enlarge").click()
    name = "return document.querySelector('#large[open] .card')?.dataset.name"
    before = browser.run(name)
    assert before
    browser.shoot("enlarged")
    ActionChains(browser.driver).send_keys(Keys.ARROW_RIGHT).perform()
    assert browser.run(name) not in (None, before)
    ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
    assert browser.run(name) is None


def test_hostile_names_and_labels_are_only_text(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    assert browser.run("return document.querySelectorAll('main script, [onerror], img[src=x]').length") == 0
    names = browser.run("return [...document.querySelectorAll('.card')].map((card) => card.dataset.name)")
    assert {short(name, 200) for name in HOSTILE} <= set(names)
    text = browser.run("return document.querySelector('main').textContent")
    assert "\u202e" not in text  # a name cannot turn its own end round
    assert "<img src=x onerror=alert(3)>" in text
    assert browser.errors() == []


def test_it_prints_without_its_controls(browser: Browser, drawn: Drawn) -> None:
    browser.open(drawn.page)
    browser.media(type="print")
    for selector in (".top", "#filters", "#pages", ".tools"):
        assert browser.driver.find_element(By.CSS_SELECTOR, selector).value_of_css_property("display") == "none"
    browser.shoot("print")


def test_pictures_are_upright_small_and_beside_the_page(drawn: Drawn) -> None:
    folder: Path = drawn.page.parent / "report"
    with Image.open(folder / f"{ROTATED}.jpg") as picture:
        assert picture.size[0] < picture.size[1]
        assert picture.getexif().get(0x0112, 1) == 1
    for file in folder.iterdir():
        with Image.open(file) as picture:
            assert max(picture.size) <= 512
        assert file.stat().st_size < 130_000


def test_the_page_of_an_estimate_is_accessible_fits_and_loads_nothing(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "estimate.html"
    asked = [
        "--images",
        "2500000",
        "--api",
        "labels,moderation,index-faces",
        "--monthly",
        "200000",
        "--region",
        "us-east-1",
    ]
    assert run(["estimate", *asked, "--html", str(page)]) == 0
    browser.open(page, ready="")
    text = browser.driver.find_element(By.TAG_NAME, "body").text
    assert browser.driver.find_element(By.CLASS_NAME, "price").text.startswith("$")
    assert all(
        part in text for part in ("image-group-2", "AWS Price List of ", "https://aws.amazon.com/rekognition/pricing/")
    )
    assert axe(browser) == []
    assert [url for url in browser.requests() if url.startswith(("http", "file"))] == [page.as_uri()]
    browser.shoot("estimate")
    browser.driver.set_window_size(500, 900)
    try:
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        browser.driver.set_window_size(1360, 900)
    assert browser.errors() == []


def test_the_page_of_changes_is_accessible_and_loads_nothing(browser: Browser, tmp_path: Path) -> None:
    def answer(item: int, api: str) -> dict[str, Any]:
        return {"Labels": [{"Name": "Dog", "Confidence": 60.0 + 30 * (item % 2)}]}

    other = "20261124-090000-cafe"
    make_job(tmp_path, 30)
    make_job(tmp_path, 30, job=other, answers=answer)
    out = tmp_path / "out"
    assert diff("20261123-090000-beef", other, out=out, connection=Connection(home=str(tmp_path))) == 0
    browser.open(out / "changes.html", ready="")
    assert axe(browser) == []
    assert [url for url in browser.requests() if url.startswith(("http", "file"))] == [(out / "changes.html").as_uri()]
    browser.shoot("changes")
