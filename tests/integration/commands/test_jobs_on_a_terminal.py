"""`jobs`, `status` and `costs` are tables on a terminal; in a pipe jobs are a line each. What nobody knows is not 0."""

import json
import shutil
from pathlib import Path

import pytest

from rekscan import cli
from tests.support.old_jobs import FIXTURES
from tests.support.terminal import on_terminal


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a finished job, one that ran out of budget, one whose scan was killed before anything was kept."""
    found = tmp_path / "home"
    for name in ("finished", "capped", "interrupted"):
        shutil.copytree(FIXTURES / name / "home", found, dirs_exist_ok=True)
    for folder in (FIXTURES / "interrupted" / "home").glob("*/results"):
        shutil.rmtree(found / folder.parent.name / "results")
    return found


@pytest.fixture
def killed() -> str:
    return next(path.parent.name for path in (FIXTURES / "interrupted" / "home").glob("*/job.json"))


@pytest.mark.parametrize(("columns", "sources"), [(80, False), (140, True)])
def test_jobs_are_a_table_that_fits_the_terminal(home: Path, killed: str, columns: int, sources: bool) -> None:
    shown = on_terminal("jobs", "--home", str(home), columns=columns)
    assert max(map(len, shown)) <= columns
    assert shown[1].split() == ["Job", "Started", "State", "Done", "Spent", *(["Source"] if sources else [])]
    jobs = sorted(path.parent.name for path in home.glob("*/job.json"))
    assert [line.split()[0] for line in shown if line.strip().startswith("2026")] == jobs
    text = "\n".join(shown)
    assert "finished" in text and "60/60" in text and "faces 4/8" in text
    row = next(line for line in shown if killed in line)
    assert "unknown" in row and "$" not in row and "0/20" not in row


def test_a_job_is_a_table_by_api_with_what_it_cost_and_what_to_do(home: Path) -> None:
    shown = [line.strip() for line in on_terminal("status", "--home", str(home))]
    assert shown[0].endswith("incomplete (budget)")
    assert "faces   4/8    4        0       0" in shown
    assert "Cost     nothing was paid; AWS would take $0.007 of $0.016 planned" in shown
    assert "Asked    the bundled emulator, not AWS" in shown
    assert "--max-cost" in shown[-1]


def test_in_a_pipe_each_job_is_a_line_and_what_is_unknown_says_so(
    home: Path, killed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["jobs", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(path.parent.name for path in home.glob("*/job.json"))
    assert "20/20 done" not in lines[0] and "60/60 done" in lines[0]
    (line,) = (line for line in lines if line.startswith(killed))
    assert "unknown until resumed" in line and "$0" not in line
    assert cli.run(["status", killed, "--home", str(home)]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_documents_say_who_answered_also_of_a_job_whose_kept_status_does_not(
    home: Path, killed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["jobs", "--json", "--home", str(home)]) == 0
    by = {job["job"]: job["answered_by"] for job in json.loads(capsys.readouterr().out)}
    assert by.pop(killed) == "http://127.0.0.1:33249" and set(by.values()) == {"the bundled emulator"}
    assert cli.run(["status", max(by), "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["answered_by"] == by[max(by)]


def test_on_a_terminal_too_narrow_for_a_table_no_number_is_cut(home: Path) -> None:
    shown = on_terminal("jobs", "--home", str(home), columns=40)
    assert {"Done: labels 3/8, faces 4/8", "State: incomplete (budget)", "Spent: nothing"} <= set(shown)
    costs = on_terminal("costs", "last", "--home", str(home), columns=40)
    assert {"API: faces", "Planned $: $0.008", "Actual $: $0.004"} <= set(costs)


@pytest.mark.parametrize("columns", [80, 200])
def test_costs_are_tables_that_fit_the_terminal(home: Path, columns: int) -> None:
    shown = on_terminal("costs", "last", "--home", str(home), columns=columns)
    assert max(map(len, shown)) <= columns
    meter = ["image-group-2"] if columns == 200 else []  # an 80th column more, and the sums below name it too
    assert ["faces", *meter, "8", "$0.008", "4", "$0.004", "0", "$0.00"] in [line.split() for line in shown]
    assert "faces on image-group-2: 4 x $0.001 (price-list)" in shown
    month = on_terminal("costs", "--month", "2026-11", "--home", str(home), columns=columns)
    assert max(map(len, month)) <= columns
    assert month[0].startswith("2026-11: 0 jobs answered by AWS")  # that of `killed` made no call
    job = max(path.parent.name for path in home.glob("*/job.json"))
    region = ["us-east-1"] if columns == 200 else []
    assert [job, *region, "faces", "image-group-2", "4", "$0.004", "$0.00"] in [line.split() for line in month]
