"""A list that names no picture is a mistake to be told, not a scan of nothing."""

from pathlib import Path

import pytest

from jobs.errors import RekscanError
from jobs.folder import list_jobs
from rekscan.commands.estimate import estimate
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve


@pytest.mark.parametrize("text", ["", "notes.txt\ngone.jpg\n", "one,two\n"])
def test_a_list_that_yields_no_picture_is_refused_and_leaves_no_job(tmp_path: Path, text: str) -> None:
    (tmp_path / "l.txt").write_text(text)
    settings = resolve(None, home=str(tmp_path / "home"), region="us-east-1")
    with pytest.raises(RekscanError, match=r"no line of .* names a picture"):
        plan_order([str(tmp_path / "l.txt")], ["labels"], Order(), settings, local=True)
    assert list_jobs(str(tmp_path / "home")) == []
    with pytest.raises(RekscanError, match=r"no line of .* names a picture"):
        estimate(str(tmp_path / "l.txt"), api=["labels"])
