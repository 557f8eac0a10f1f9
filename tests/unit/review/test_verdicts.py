"""Verdicts into precision, thresholds and allow-lists."""

import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import UsageError
from reports.review.cells import MOST_BYTES
from reports.review.verdicts import Review, Verdict, read_verdicts, review
from reports.spreadsheet_safe import defuse, undefuse

HEADER = "item_id,uri,api,name,confidence,left,top,width,height,verdict,note\n"


def verdicts(name: str, confidence: float, right: int, wrong: int) -> list[Verdict]:
    return [Verdict("labels", name, confidence, n < right) for n in range(right + wrong)]


def test_the_threshold_is_the_lowest_band_from_which_enough_is_right() -> None:
    said = [*verdicts("Dog", 50, 40, 60), *verdicts("Dog", 80, 198, 2), *verdicts("Dog", 99, 200, 0)]
    counts = {("labels", "Dog", 0): 1000, ("labels", "Dog", 2): 1000, ("labels", "Dog", 4): 1000}
    found = review(said, counts, 0.9)
    assert found.threshold == 60  # the band from 60 to 75 holds no finding
    assert found.allowed == ("Dog",)
    assert found.unreviewed == 3000 - len(said)


def test_five_of_five_is_not_enough_to_rely_on() -> None:
    found = review(verdicts("Gun", 99, 5, 0), {("labels", "Gun", 4): 5000}, 0.9)
    assert found.threshold is None
    assert found.allowed == ()


def test_a_band_nobody_looked_at_gives_no_threshold_below_it() -> None:
    counts = {("labels", "Dog", 1): 1000, ("labels", "Dog", 4): 10}
    found = review(verdicts("Dog", 99, 100, 0), counts, 0.9)
    assert found.threshold == 75


def test_bands_weigh_as_much_as_they_have_findings() -> None:
    said = [*verdicts("Dog", 50, 0, 200), *verdicts("Dog", 99, 200, 0)]
    rare = review(said, {("labels", "Dog", 0): 200, ("labels", "Dog", 4): 1_000_000}, 0.9)
    common = review(said, {("labels", "Dog", 0): 1_000_000, ("labels", "Dog", 4): 200}, 0.9)
    assert (rare.threshold, common.threshold) == (0, 60)


def test_a_review_comes_back_from_its_json() -> None:
    found = review(verdicts("Dog", 80, 9, 1), {("labels", "Dog", 2): 50})
    assert Review.from_json(found.to_json()) == found


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_sheet_is_read_as_spreadsheets_save_it(delimiter: str, encoding: str) -> None:
    cells = ["1", "/a.jpg", "labels", "'=Dog", "97,5" if delimiter == ";" else "97.5", "", "", "", "", " YES ", ""]
    text = HEADER.replace(",", delimiter) + delimiter.join(cells) + "\r\n"
    assert read_verdicts(text.encode(encoding)) == [Verdict("labels", "=Dog", 97.5, True)]


def test_empty_verdicts_are_left_out_and_question_marks_are_undecided() -> None:
    rows = "1,u,labels,Dog,90,,,,,,\n2,u,labels,Dog,90,,,,,?,\n3,u,labels,Dog,90,,,,,no,\n"
    said = read_verdicts((HEADER + rows).encode())
    assert [one.right for one in said] == [None, False]


def test_a_verdict_nobody_understands_names_its_line() -> None:
    with pytest.raises(UsageError, match="line 2: 'perhaps'"):
        read_verdicts((HEADER + "1,u,labels,Dog,90,,,,,perhaps,\n").encode())
    with pytest.raises(UsageError, match="no column 'api'"):
        read_verdicts(b"a,b\n1,2\n")


def test_a_sheet_of_another_job_is_refused_and_one_without_a_job_is_taken() -> None:
    header = HEADER.replace("\n", ",job\n")
    row = "1,u,labels,Dog,90,,,,,yes,,20261123-090000-beef\n"
    assert len(read_verdicts((header + row).encode(), "20261123-090000-beef")) == 1
    with pytest.raises(UsageError, match="line 2: this sheet is of job 20261123-090000-beef, not of other"):
        read_verdicts((header + row).encode(), "other")
    assert len(read_verdicts((HEADER + "1,u,labels,Dog,90,,,,,yes,\n").encode(), "other")) == 1


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in (HEADER.strip().split(","), *rows):
        book.active.append(row)  # type: ignore[union-attr]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_is_read_as_people_fill_it_in() -> None:
    filled = (7, "/a.jpg", "labels", "Dog", 97.5, None, None, None, None, "Yes", "sure")
    empty = (8, "/b.jpg", "labels", "Dog", 60)
    assert read_verdicts(workbook(filled, empty)) == [Verdict("labels", "Dog", 97.5, True)]
    with pytest.raises(UsageError, match="line 3: 'perhaps'"):
        read_verdicts(workbook(filled, (*filled[:9], "perhaps", "")))
    with pytest.raises(UsageError, match="no workbook that can be read"):
        read_verdicts(b"PK\x03\x04 and no more")


def test_unicode_text_of_excel_is_read() -> None:
    text = HEADER.replace(",", "\t") + "1\tu\tlabels\tCaf\u00e9\t90,5\t\t\t\t\tno\t\r\n"
    assert read_verdicts(text.encode("utf-16")) == [Verdict("labels", "Caf\u00e9", 90.5, False)]


@given(st.text())
def test_a_defused_cell_comes_back(text: str) -> None:
    assert undefuse(defuse(text)) in (text, text.replace("\x00", "\ufffd"), text[1:])


def test_a_file_far_larger_than_any_sheet_is_refused_unread() -> None:
    with pytest.raises(UsageError, match="more than 64 MiB"):
        read_verdicts(bytes(MOST_BYTES + 1))
