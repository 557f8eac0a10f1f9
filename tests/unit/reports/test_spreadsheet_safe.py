"""Cells that a spreadsheet opens."""

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.spreadsheet_safe import csv_line, defuse, defuse_table, keep_text
from reports.tables.writers import CsvWriter

FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    '"=1',
    "\uff1d1",
    "\u200b=1",
    "\n=1",
]
HARMLESS = ["Dog", "a=b", "-12", "+49", "-0.5", "+12%", "3-4", "", "s3://b/=x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_would_run_as_a_formula_gets_an_apostrophe(text: str) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_plain_text_and_numbers_are_untouched(text: str) -> None:
    assert defuse(text) == text


@given(st.lists(st.one_of(st.none(), st.text(max_size=30), st.sampled_from(FORMULAS)), max_size=30))
def test_columns_and_single_cells_agree(cells: list[str | None]) -> None:
    table = defuse_table(pa.table({"text": pa.array(cells, pa.string())}))
    assert table.column("text").to_pylist() == [None if cell is None else defuse(cell) for cell in cells]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=20))
def test_a_csv_reads_back_as_the_defused_cells(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "text.csv"
    table = pa.table({"=header": pa.array(cells, pa.string()), "number": pa.array([-1.5] * len(cells))})
    writer = CsvWriter(path, table.schema)
    writer.write(table)
    writer.close()
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    assert rows[0] == ["'=header", "number"]
    assert rows[1:] == [[defuse(cell), "-1.5"] for cell in cells]


def test_lists_become_one_cell() -> None:
    table = defuse_table(pa.table({"names": pa.array([["a", "b"], [], None], pa.list_(pa.string()))}))
    assert table.column("names").to_pylist() == ["a; b", "", None]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_a_line_of_csv_reads_back_as_its_cells(cells: list[str]) -> None:
    assert list(csv.reader(io.StringIO(csv_line(cells), newline=""))) == [cells]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028"])
def test_no_line_break_in_a_cell_is_left_unquoted(end: str) -> None:
    assert csv_line([f"a{end}=1", 5, None]) == f'"a{end}=1",5,\n'


def test_a_row_of_one_empty_cell_is_still_a_row() -> None:
    assert csv_line([None]) == '""\n'


@pytest.mark.parametrize(
    "text",
    ["00123", "1E5", "1e-5", "3-4", "3/4", "1.2.2026", "4111111111111111", "-12", "+49", "1,000", "50%", "12:30",
     "5 pm", "TRUE", "false", "MAR1", "Sept 2", "1 Dec", "3-Jan-2026", "€5"],
)  # fmt: skip
def test_a_text_that_excel_would_take_for_something_else_stays_what_it_is(text: str) -> None:
    assert keep_text(pa.chunked_array([[text]])).to_pylist() == [f'="{text}"']


@pytest.mark.parametrize("text", ["EXIT 7", "12 cats", "'=1+1", "a1", "Dog", "", "café", '1"2', "March", "1-2-x"])
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert keep_text(pa.chunked_array([[text, None]])).to_pylist() == [text, None]
