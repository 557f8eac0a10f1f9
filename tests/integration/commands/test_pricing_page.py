"""The worked examples of docs/pricing.md print what the page says."""

import re

import pytest
from cyclopts import App

from rekscan.commands.estimate import estimate
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "pricing.md"
EXAMPLES = re.findall(r"```console\n\$ rekscan estimate ([^\n]*)\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_there_are_examples():
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("line, says", EXAMPLES)
def test_the_example_prints_what_the_page_says(line, says, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("REKSCAN_DATA", str(tmp_path))
    app = App(result_action="return_value")
    app.default(estimate)
    assert app(line.split(), exit_on_error=False) == 0
    assert says in capsys.readouterr().out
