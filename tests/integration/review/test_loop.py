"""From a report to a sheet, a person's verdicts, and back into the report."""

import csv
import io
from pathlib import Path

import orjson
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from rekscan.commands.report import report
from rekscan.commands.review import review
from rekscan.settings import Connection
from reports.facts.gallery import Wanted
from reports.review.judged import judge, make_sheet, read_review
from reports.review.verdicts import read_verdicts
from reports.tables.load import load_folder
from reports.views.report import build_report
from tests.support.terminal import on_terminal

APIS = ("labels", "faces", "text", "moderation", "properties")


def fill(sheet: Path) -> bytes:
    """Say yes to what AWS is surer of than 80 %."""
    rows = list(csv.DictReader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "verdict": "yes" if float(row["confidence"]) >= 75 else "no"} for row in rows)
    return out.getvalue().encode()


def test_a_sheet_shows_every_name_and_band_and_its_verdicts_reach_the_page(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 1500, APIS)
    sheet = Path(make_sheet(folder, Wanted()))
    rows = list(csv.DictReader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline="")))
    labels = load_folder(folder)["labels"]
    assert {row["name"] for row in rows if row["api"] == "labels"} == set(labels["name"])
    assert {row["api"] for row in rows} == {"labels", "faces", "text", "moderation"}
    found = judge(folder, read_verdicts(fill(sheet)))
    assert found.threshold == 75
    assert read_review(folder) == found
    page = Path(build_report(folder, thumbnails=False).path).read_text()
    assert 'id="review"' in page


@pytest.mark.parametrize("columns", [80, 200])
def test_a_review_fits_the_terminal(tmp_path: Path, columns: int) -> None:
    folder = make_job(tmp_path, 600, ("labels",))
    filled = tmp_path / "filled.csv"
    filled.write_bytes(fill(Path(make_sheet(folder, Wanted()))))
    words = ["review", folder.job, str(filled), "--target", "0.8", "--home", str(tmp_path)]
    shown = on_terminal(*words, columns=columns)
    assert max(map(len, shown)) <= columns
    assert any(line.startswith("  Dog ") and line.endswith(", from 75 %") for line in shown)
    assert "From 75 % confidence on, at least 80 % of all findings are right:" in shown


def test_a_sheet_can_be_narrowed(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 400, APIS)
    sheet = Path(make_sheet(folder, Wanted("weapon*", flagged=True)))
    rows = list(csv.DictReader(io.StringIO(sheet.read_bytes().decode("utf-8-sig"), newline="")))
    assert rows
    assert all(row["name"].startswith("Weapon") for row in rows)
    flagged = set(load_folder(folder)["moderation"]["item_id"])
    assert {int(row["item_id"]) for row in rows} <= flagged


def test_a_sheet_that_is_being_filled_in_is_never_overwritten(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 50)
    first = Path(make_sheet(folder, Wanted()))
    assert Path(make_sheet(folder, Wanted())) == first  # nothing was written into it
    first.write_bytes(fill(first))
    before = first.read_bytes()
    second = Path(make_sheet(folder, Wanted()))
    assert second.name == "review-2.csv"
    assert first.read_bytes() == before


def test_the_commands_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder: JobFolder = make_job(tmp_path, 300, APIS)
    connection = Connection(home=str(tmp_path))
    assert report(folder.job, format="review,parquet", json=True, connection=connection) == 0
    sheet = tmp_path / folder.job / "reports" / "review.csv"
    assert orjson.loads(capsys.readouterr().out)["files"][-1] == str(sheet)
    filled = tmp_path / "filled.csv"
    filled.write_bytes(fill(sheet))
    assert review(folder.job, filled, json=True, connection=connection) == 0
    assert orjson.loads(capsys.readouterr().out)["threshold"] == 75
    with pytest.raises(UsageError, match="nothing is judged"):
        review(folder.job, sheet, connection=connection)
