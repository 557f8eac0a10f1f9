"""Names of folders and files, and texts in pictures, that something on the way might take for its own language."""

import contextlib
import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.words import visible
from rekscan.cli import run
from reports.facts.gallery import Wanted
from reports.review.judged import make_sheet

QUERY = "select name, count(*), min(item_id) from labels group by all order by all"
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


def printed(*words: str, encoding: str = "utf-8") -> bytes:
    """What a command prints where the terminal has this encoding."""
    with (
        io.TextIOWrapper(io.BytesIO(), encoding) as out,
        io.TextIOWrapper(io.BytesIO(), encoding) as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(list(words))
        out.flush()
        err.flush()
        assert (code, err.buffer.getvalue()) == (0, b"")  # type: ignore[attr-defined]
        return out.buffer.getvalue()  # type: ignore[attr-defined,no-any-return]


def said_of(home: Path) -> tuple[list[str], list[str]]:
    """By the report, without its paths, and a query; by the commands that name the home."""
    named = ("--home", str(home))
    report = printed("report", "--format", "csv,html", "--no-thumbnails", *named).decode()
    rows = printed("sql", "last", QUERY, *named).decode()
    looks = [printed(look, *named).decode() for look in ("jobs", "status", "costs", "watch")]
    return [*(line for line in report.splitlines() if "/" not in line), rows], looks


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nothing is odd."""
    home = tmp_path_factory.mktemp("plain")
    make_job(home, 12)
    return home


@pytest.fixture(scope="module")
def said_of_plain(plain: Path) -> tuple[list[str], list[str]]:
    return said_of(plain)


@pytest.mark.parametrize(
    "name",
    ["name=Dog", "status=9", "item_id=x", "x [/b]", "[red]", ":dog:", "a*", "a?", "a[1]", "it's", "100%41", "{a,b}",
     "s3:", "tab\there", "esc\x1b[31m"],
)  # fmt: skip
def test_a_home_of_any_name_reads_like_any_other(
    name: str, plain: Path, said_of_plain: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    for sibling in (name, "ab", "a1"):  # what a pattern would match besides
        shutil.copytree(plain, tmp_path / sibling / "jobs")
    home = tmp_path / name / "jobs"
    nameless, naming = said_of(home)
    assert nameless == said_of_plain[0]
    assert naming == [said.replace(str(plain), visible(str(home))) for said in said_of_plain[1]]


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


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of answers in many scripts."""
    home = tmp_path_factory.mktemp("texts")
    make_job(home, 40, ("text",))
    return home


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_is_no_trouble(encoding: str, texts: Path) -> None:
    for command in COMMANDS:
        home = () if command == ["apis"] else ("--home", str(texts))
        said = printed(*command, *home, encoding=encoding)
        if "--json" in command:
            assert any("東京" in row["text"] for row in json.loads(said))
        else:
            assert said.decode("utf-8" if command[0] == "sql" else encoding)
