"""`rekscan report` and `rekscan sql` as a person types them."""

import re
from pathlib import Path

import orjson
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from rekscan.commands.report import report
from rekscan.commands.sql import sql
from rekscan.settings import Connection
from tests.browser.gallery_job import draw_job
from tests.support.terminal import on_terminal

APIS = ("labels", "faces", "text", "moderation", "properties")


def test_it_prints_the_summary_and_every_file_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = draw_job(tmp_path, 30).folder.job
    assert (
        report(
            job,
            format="csv,parquet,jsonl,xlsx,html,markdown,review",
            connection=Connection(home=str(tmp_path / "jobs")),
        )
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("29 of 31 pictures answered: people in ")
    assert any("Red Rectangle" in line and "█" in line for line in lines)
    files = [Path(line) for line in lines[lines.index("", len(lines) - 40) :] if line.startswith("/")]
    names = {file.name for file in files}
    assert {
        "images.csv",
        "labels.parquet",
        "answers.jsonl",
        "report.xlsx",
        "report.md",
        "report.html",
        "review.csv",
        "costs.csv",
    } <= names
    assert all(file.is_file() for file in files)


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal_it_begins_with_what_was_found_and_its_bars_fit(tmp_path: Path, columns: int) -> None:
    folder = make_job(tmp_path, 30, ("labels", "faces", "text"))
    shown = on_terminal("report", folder.job, "--home", str(tmp_path), "--format", "csv", columns=columns)
    said = "\n".join(shown).partition("Items\n")[0]
    assert re.search(r"\d+ of 30 pictures answered: people in \d+, text in \d+, labels in \d+", said)
    bars = [line for line in shown if "█" in line]
    assert len(bars) > 10 and max(map(len, bars)) <= 80


def test_json_is_all_of_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = make_job(tmp_path, 100, APIS)
    report(folder.job, format="csv", min_confidence=90, json=True, connection=Connection(home=str(tmp_path)))
    document = orjson.loads(capsys.readouterr().out)
    assert document["min_confidence"] == 90
    assert document["rows"]["images"] == 100
    assert all(Path(file).exists() for file in document["files"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"format": "pdf"}, "there is no format 'pdf'"),
        ({"format": " , "}, "names nothing"),
        ({"min_confidence": 900.0}, "900 cannot be"),
        ({"items": -1}, "-1"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    folder = make_job(tmp_path, 3)
    with pytest.raises(UsageError, match=message):
        report(folder.job, connection=Connection(home=str(tmp_path)), **arguments)  # type: ignore[arg-type]


def test_a_query_prints_plain_lines_in_a_pipe_and_json_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_job(tmp_path, 50)
    query = "select item_id, status from images order by 1 limit 2"
    connection = Connection(home=str(tmp_path))
    assert sql(folder.job, query, connection=connection) == 0
    assert capsys.readouterr().out == "0\tok\n1\tok\n"
    sql(folder.job, query, json=True, connection=connection)
    assert orjson.loads(capsys.readouterr().out) == [{"item_id": 0, "status": "ok"}, {"item_id": 1, "status": "ok"}]
    sql(folder.job, query, format="csv", connection=connection)
    assert capsys.readouterr().out == "item_id,status\n0,ok\n1,ok\n"
