"""Excel's files: the workbook with its rows, and CSV in which codes stay codes."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from rekscan.commands.report import report
from rekscan.settings import Connection
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from reports.views.links import link
from reports.views.workbook import build_workbook
from tests.browser.gallery_job import draw_job

CODES = ("00123", "1E5", "3-4", "4111111111111111", "-12", "=1+1", "EXIT")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    """A job that read codes on 40 pictures."""

    def answer(item: int, api: str) -> dict[str, Any]:
        if api == "labels":
            return {"Labels": [{"Name": "Dog", "Confidence": 90.5}]}
        lines = [{"Type": "LINE", "DetectedText": code, "Confidence": 99.0, "Id": n} for n, code in enumerate(CODES)]
        return {"TextDetections": lines}

    return make_job(tmp_path_factory.mktemp("home"), 40, ("labels", "text"), answers=answer, broken=20)


def test_a_workbook_has_a_sheet_a_table_with_filters_a_fixed_header_and_text_as_text(folder: JobFolder) -> None:
    folder.write("reports/summary.xlsx", b"of an earlier version")
    book = openpyxl.load_workbook(build_workbook(folder, sheet_rows=100))
    assert folder.read("reports/summary.xlsx") is None
    tables = load_folder(folder)
    assert book.sheetnames == ["Summary", "images", "labels", "text", "text 2", "text 3", "failures"]
    assert str(book["Summary"]["A1"].value).startswith("38 of 40 pictures answered: text in 38, labels in 38 (Dog 38)")
    rows = [row for name in ("text", "text 2", "text 3") for row in book[name].iter_rows(min_row=2, values_only=True)]
    names = [cell.value for cell in book["text"][1]]
    assert names == list(tables["text"].columns)
    assert [row[names.index("text")] for row in rows] == tables["text"]["text"].tolist()
    assert set(CODES) == {row[names.index("text")] for row in rows}
    assert {cell.data_type for row in book["text"].iter_rows() for cell in row} <= {"s", "n"}
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes == "A2"
        assert book[name].auto_filter.ref.startswith("A1:")
    assert [cell.value for cell in book["labels"][2]][3:4] == [90.5]


def test_a_workbook_has_small_pictures_with_links_where_they_are_asked_for(tmp_path: Path) -> None:
    drawn = draw_job(tmp_path, 40)
    connection = Connection(home=str(tmp_path / "jobs"))
    assert report(drawn.folder.job, format="xlsx", pictures=30, connection=connection) == 0
    book = openpyxl.load_workbook(Path(drawn.folder.root, "reports", "report.xlsx"))
    assert book.sheetnames[:3] == ["Summary", "pictures", "images"]
    sheet = book["pictures"]
    rows = {row[1].value: row for row in sheet.iter_rows(min_row=2)}
    flagged = set(load_folder(drawn.folder)["moderation"]["item_id"]) & set(rows)
    shown = {image.anchor._from.row for image in sheet._images}
    bare = flagged | ({40} & set(rows))  # 40 is a broken file
    assert len(rows) == 30 and flagged and len(shown) == 30 - len(bare)
    assert all(max(image.width, image.height) <= 96 for image in sheet._images)
    assert sum(len(image._data()) for image in sheet._images) < 12_000 * len(shown)
    for number, row in rows.items():
        uri = drawn.items[number].uri
        assert row[2].hyperlink.target == f"FILE://{quote(uri)}"
        assert (row[0].row - 1 in shown) == (number not in bare)
        assert number not in flagged or row[0].value == "flagged: see report.html"
    assert "Red Rectangle 100" in rows[next(iter(rows))][5].value
    with pytest.raises(UsageError, match=r"--pictures are of report\.xlsx"):
        report(drawn.folder.job, format="html", pictures=30, connection=connection)


def test_a_link_opens_an_item_where_it_is(folder: JobFolder) -> None:
    aws = replace(folder.spec, region="eu-west-1", s3_url=None)
    assert link("s3://archive/2019/a b&c.jpg", aws) == (
        "https://console.aws.amazon.com/s3/object/archive?region=eu-west-1&prefix=2019%2Fa%20b%26c.jpg"
    )
    assert link("s3://archive/a.jpg", replace(aws, region="us-gov-west-1")).startswith("https://console.amazonaws-us")
    assert link("s3://archive/a.jpg", replace(aws, s3_url="http://127.0.0.1:9")) == ""
    assert link("https://web.example/a.jpg", aws) == "https://web.example/a.jpg"
    assert link("https://web.example/a.jpg?signature=***", aws) == ""  # it opens nothing


def test_csv_for_excel_keeps_texts_that_look_like_numbers_and_numbers_as_numbers(folder: JobFolder) -> None:
    build_tables(folder, formats=("csv", "parquet"), excel=True)
    data = Path(folder.root, "reports", "text.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    kept = ['="00123"', '="1E5"', '="3-4"', '="4111111111111111"', '="-12"', "'=1+1", "EXIT"]
    assert [row["text"] for row in rows[:7]] == kept
    assert {row["confidence"] for row in rows} == {"99"}
    build_tables(folder, formats=("csv", "parquet"))
    plain = Path(folder.root, "reports", "text.csv").read_text("utf-8")
    assert '="' not in plain and "00123" in plain
