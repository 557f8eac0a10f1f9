"""The README's Python lines give rows on what its own table of the demo shows, and its pasted estimate is today's."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.synthetic_job import make_job
from jobs.items import Item
from rekscan.cli import run
from tests.support.places import ROOT

README = (ROOT / "README.md").read_text()


def demo_labels() -> list[tuple[str, dict[str, Any]]]:
    """File and answer of each row of the table that has labels."""
    rows = re.findall(r"^\| \.\.\./(\S+) \| ok \|[^|]*\|[^|]*\| ([^|]+?) \|", README, re.MULTILINE)
    return [
        (name, {"Labels": [{"Name": n, "Confidence": float(c)} for n, c in re.findall(r"([A-Z][\w ]*) (\d+)", top)]})
        for name, top in rows
    ]


def test_the_python_lines_find_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = demo_labels()
    items = [Item(n, f"/demo/{name}", "image", 1) for n, (name, _) in enumerate(found)]
    make_job(tmp_path, items, answers=lambda item, api: found[item][1])
    monkeypatch.setenv("REKSCAN_HOME", str(tmp_path))
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    *lines, last = code.strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    assert len(eval(last, names)) > 0


def test_the_pasted_estimate_is_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKSCAN_DATA", str(tmp_path))  # the bundled prices
    ((line, shown),) = re.findall(r"^\$ rekscan (estimate .*)\n([^`]*?)\.\.\.$", README, re.MULTILINE)
    assert run(line.split()) == 0
    assert shown and capsys.readouterr().out.startswith(shown)
