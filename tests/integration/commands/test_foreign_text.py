"""Names of folders and files, and texts in pictures, that something on the way might take for its own language."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.words import visible
from rekscan.cli import run
from reports.facts.gallery import Wanted
from reports.review.judged import make_sheet

HOSTILE = [
    "/p/a\r=cmd.jpg",
    '/p/b\n=cmd,".jpg',
    "=1+1",
    "-2+3",
    "/p/\x1b[2Jc.jpg",
    "/p/d\u2028=e.jpg",
    "\t=1",
    "/p/\u202egpj.exe",
]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nothing is odd."""
    home = tmp_path_factory.mktemp("plain")
    make_job(home, 12)
    return home


def said(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run([*words, "--home", str(home)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "name",
    ["name=Dog", "status=9", "item_id=x", "x [/b]", "[red]", ":dog:", "a*", "a?", "a[1]", "it's", "100%41", "{a,b}",
     "s3:", "tab\there", "esc\x1b[31m"],
)  # fmt: skip
def test_a_home_of_any_name_reads_like_any_other(
    name: str, plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for sibling in (name, "ab", "a1"):  # what a pattern would match besides
        make_job(tmp_path / sibling / "jobs", 12)
    home = tmp_path / name / "jobs"
    query = ["sql", "last", "select name, count(*), min(item_id) from labels group by all order by all"]
    report = [
        said(each, capsys, "report", "--format", "csv,html", "--no-thumbnails").splitlines() for each in (home, plain)
    ]
    assert [line for line in report[0] if "/" not in line] == [line for line in report[1] if "/" not in line]
    assert said(home, capsys, *query) == said(plain, capsys, *query)
    for words in (["jobs"], ["status"], ["costs"], ["watch"]):
        assert said(home, capsys, *words) == said(plain, capsys, *words).replace(str(plain), visible(str(home)))


def test_a_home_of_any_name_is_printed_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "x [/b] [red] :dog:"
    home.mkdir(parents=True)
    assert run(["jobs", "--home", str(home)]) == 0
    assert capsys.readouterr().err == f"no jobs in {home}\n"
    assert run(["status", "--home", str(home)]) == 1
    assert str(home) in capsys.readouterr().err


@pytest.fixture
def hostile(tmp_path: Path) -> JobFolder:
    return make_job(tmp_path / "jobs", [Item(n, uri, "image", 5) for n, uri in enumerate(HOSTILE)])


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_line_break_in_a_name_splits_no_row_and_begins_no_formula(
    hostile: JobFolder, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert (
        run(["sql", hostile.job, "--format", "csv", "select uri from images order by item_id", "--home", hostile.home])
        == 0
    )
    printed = capfdbinary.readouterr().out
    sheet = Path(make_sheet(hostile, Wanted())).read_bytes()
    expected = [f"'{uri}" if uri[0] in "=-\t" else uri for uri in HOSTILE]
    assert [row["uri"] for row in _rows(printed)] == expected
    assert {row["uri"] for row in _rows(sheet)} == set(expected)
    for data in (printed, sheet):
        cells = [cell for line in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) for cell in line]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\r", "\t"))]


def test_what_people_read_has_no_control_character(hostile: JobFolder, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["sql", hostile.job, "select uri from images order by item_id"],
        ["report", hostile.job, "--format", "csv"],
        ["jobs"],
        ["status"],
    ):
        run([*words, "--home", hostile.home])
    out, err = capfd.readouterr()
    assert not set("\x1b\r\u202e\u2028") & set(out + err)
    assert "/p/␛[2Jc.jpg" in out


COMMANDS = [
    ["report", "--no-thumbnails"], ["sql", "last", "select text from text"],
    ["sql", "last", "--format", "csv", "select text from text"], ["sql", "last", "--json", "select text from text"],
    ["jobs"], ["apis"],
]  # fmt: skip
ONE_AFTER_THE_OTHER = """
import json, sys
from rekscan.cli import run
for words in json.loads(sys.argv[1]):
    assert run(words) == 0
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\\0")
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_is_no_trouble(encoding: str, tmp_path: Path) -> None:
    make_job(tmp_path / "jobs", 40, ("text",))
    words = [[*one, *([] if one == ["apis"] else ["--home", str(tmp_path / "jobs")])] for one in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", ONE_AFTER_THE_OTHER, json.dumps(words)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    for command, said in zip(COMMANDS, done.stdout.split(b"\0")[:-1], strict=True):
        if "--json" in command:
            assert any("東京" in row["text"] for row in json.loads(said))
        else:
            assert said.decode("utf-8" if command[0] == "sql" else encoding)
