"""A retry under a cap that is used up: refused while the job is still what it was, a finished one."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.synthetic_job import make_job
from jobs.status import status_of
from rekscan import cli


@pytest.mark.parametrize(("kept", "words"), [("0.01", []), ("0.02", ["--max-cost", "0.01"])])
def test_a_retry_that_the_cap_has_nothing_left_for_is_refused_and_changes_nothing(
    kept: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_job(tmp_path, 20, broken=5)
    folder.create(replace(folder.spec, options=replace(folder.spec.options, max_cost=Decimal(kept))))
    assert cli.run(["retry", folder.job, "--home", str(tmp_path), *words]) == 1
    assert "has cost $0.016, and may cost $0.01" in capsys.readouterr().err
    assert status_of(folder, None).state == "finished"
    assert not list((tmp_path / folder.job).glob("retries/*"))
