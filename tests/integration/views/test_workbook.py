"""Excel's files: the workbook with its rows, and CSV in which codes stay codes."""

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from reports.views.workbook import build_workbook

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
