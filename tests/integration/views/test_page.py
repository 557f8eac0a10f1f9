"""report.html as a file: budgets, what it contains, and that hostile content is only text."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from benchmarks.synthetic_job import make_job
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.header import header
from jobs.media.origins import Loaded
from jobs.outcomes import Outcome
from reports.facts.gallery import Wanted
from reports.facts.summary import summarize
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from reports.views.report import build_report
from reports.views.terminal import lines
from reports.views.workbook import build_workbook
from tests.browser.gallery_job import draw_job
from tests.support.places import ROOT

APIS = ("labels", "faces", "text", "moderation", "properties")
NASTY = [
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '=HYPERLINK("http://example.com")',
    "\u202eevil\u2066",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00020000",
    "nul\x00nul",
    "{{ 7 * 7 }}",
    "' onmouseover='alert(3)",
    "n" * 10_000,
    "&amp;lt;b&gt;",
]
LARGE = """
import pathlib, sys
from jobs.folder import JobFolder
from reports.views.report import build_report
from reports.tables.build import build_tables
folder = JobFolder(sys.argv[1], sys.argv[2])
build_tables(folder)
page = build_report(folder, thumbnails=False)
print(page.bytes, pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


class Tags(HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(path: str) -> Tags:
    page = Tags()
    page.feed(Path(path).read_text("utf-8"))
    return page


def nasty_answer(text: str) -> dict[str, list[dict[str, object]]]:
    label = {"Name": text, "Confidence": 90.0, "Parents": [{"Name": text}]}
    return {"Labels": [label], "TextDetections": [{"Type": "LINE", "DetectedText": text, "Confidence": 80.0, "Id": 0}]}


def test_hostile_names_labels_and_texts_are_text_in_page_terminal_and_workbook(tmp_path: Path) -> None:
    items = [Item(n, f"s3://archive/{text}.jpg", "image", 1) for n, text in enumerate(NASTY)]
    folder = make_job(tmp_path, items, ("labels", "text"), answers=lambda item, api: nasty_answer(NASTY[item]))
    failed = [Outcome(0, "labels", "failed", NASTY[0], NASTY[2] + NASTY[3])]
    folder.commit(0, failed, retry=1)
    page = parsed(build_report(folder, thumbnails=False).path)
    assert [tag for tag, _ in page.tags if tag == "script"] == ["script"]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert "alert(1)" in page.text and "49" not in re.findall(r"^49$", page.text, re.M)
    assert "\x00" not in page.text and "\u202e" not in page.text
    shown = "\n".join(lines(summarize(folder)))
    assert "\x00" not in shown and "\u202e" not in shown and "n" * 200 not in shown
    book = openpyxl.load_workbook(build_workbook(folder))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)


def test_the_page_allows_itself_nothing_but_its_own(tmp_path: Path) -> None:
    page = parsed(build_report(make_job(tmp_path, 20, APIS), thumbnails=False).path)
    policies = [a["content"] or "" for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0] and "unsafe" not in policies[0] and "http" not in policies[0]
    links = [a.get("src") or a.get("href") or "" for tag, a in page.tags if tag in ("img", "a", "link", "script")]
    assert all(not link or link.startswith(("#", "report/")) for link in links)


def test_many_rows_stay_under_the_budgets(tmp_path: Path) -> None:
    items = 12_000  # eight times as many take as much, but for some twenty megabytes
    folder = make_job(tmp_path, items, ("labels",), broken=100)
    command = [sys.executable, "-c", LARGE, str(tmp_path), folder.job]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    page_bytes, peak_kb = map(int, done.stdout.split())
    assert load_folder(folder).built.rows["labels"] > 125_000
    assert page_bytes < 5_000_000
    assert peak_kb < 350_000


def test_a_gallery_of_long_findings_is_cut_to_the_budget(tmp_path: Path) -> None:
    def answer(item: int, api: str) -> dict[str, list[dict[str, object]]]:
        return {"Labels": [{"Name": f"{item} {n} " + "n" * 900, "Confidence": 60.0 + n % 40} for n in range(40)]}

    folder = make_job(tmp_path, 200, ("labels",), answers=answer)
    assert build_report(folder, thumbnails=False, items=200).bytes < 5_000_000


def test_pictures_on_s3_are_fetched_for_the_sample_only_and_counted(tmp_path: Path) -> None:
    picture = draw_job(tmp_path / "drawn", 8).items[7].uri
    data = Path(picture).read_bytes()
    asked: list[str] = []

    def fetch(item: Item) -> Loaded | Skip:
        asked.append(item.uri)
        return Loaded(header(data), len(data), data, None) if item.item_id % 5 else Skip("unreadable", "it is gone")

    folder = make_job(tmp_path / "s3", 500, ("labels",))
    built = build_report(folder, items=30, fetch=fetch)
    assert built.fetched == len(asked) == 30
    assert built.fetched_bytes == built.pictures * len(data)
    text = Path(built.path).read_text()
    assert "it is gone" in text and "30 requests" in text
    without = build_report(folder, items=30, fetch=fetch, thumbnails=False)
    assert without.fetched == without.pictures == 0 and len(asked) == 30


def test_a_report_can_be_narrowed_to_names_and_flagged_items(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 600, APIS)
    page = parsed(build_report(folder, thumbnails=False, wanted=Wanted("weap*", flagged=True)).path)
    shown = {int((a.get("id") or "")[5:]) for tag, a in page.tags if (a.get("id") or "").startswith("item-")}
    tables = load_folder(folder)
    names = {table: tables[table] for table in ("labels", "moderation")}
    weapons = set().union(*(set(t[t["name"].str.startswith("Weap")]["item_id"]) for t in names.values()))
    assert shown and shown <= weapons & set(tables["moderation"]["item_id"])


def test_a_partial_job_says_so_at_the_top(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 40, ("labels",), shard_size=20, missing_shards=(1,))
    build_tables(folder, partial="incomplete: budget")
    page = parsed(build_report(folder, thumbnails=False).path)
    assert "This report is partial." in page.text and "incomplete: budget" in page.text
    assert "Pending" in page.text


def test_reports_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = make_job(tmp_path, 5)
        build_report(folder, thumbnails=False)
    finally:
        os.umask(before)
    assert Path(folder.root).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("apis", [("labels",), ("faces", "text"), ("celebrities",), ("protective-equipment",), APIS])
def test_every_set_of_apis_makes_a_page_even_without_items(tmp_path: Path, apis: tuple[str, ...]) -> None:
    folder = make_job(tmp_path, 0, apis, answers=lambda item, api: {})
    assert "What was found" in Path(build_report(folder).path).read_text()
