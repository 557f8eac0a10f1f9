"""Who answers a job, AWS or not, is told wherever it matters, and is not changed in silence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from moto import mock_aws

from benchmarks.synthetic_job import make_job
from jobs.costs import tally
from jobs.costs.month import home_month
from jobs.costs.text import month_parts, text
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder
from jobs.folder.whose import unpaid, whose
from jobs.ledger import Ledger
from jobs.status import status_of
from rekscan import cli
from rekscan.console.summary import print_summary
from rekscan.scans.elsewhere import same_service
from rekscan.scans.engine import Engine
from rekscan.scans.open import open_job
from rekscan.scans.order import Order, plan_order
from rekscan.settings import Connection, resolve
from reports.tables.build import build_tables
from reports.views.report import build_report
from tests.support.scans import make_photos

URL = "http://127.0.0.1:9"
EMULATED = "Answers are the bundled emulator's: nothing was paid."


def made(home: Path, *, job: str = "20261123-090000-beef", **changes: Any) -> JobFolder:
    """A job of 40 pictures of which half are left to do, begun as its job.json says."""
    folder = make_job(home, 40, shard_size=20, missing_shards=(1,), job=job)
    document = orjson.loads(folder.read("job.json") or b"")
    Path(folder.root, "job.json").write_bytes(orjson.dumps(document | changes))
    return JobFolder(str(home), job)


def local(home: Path, **more: Any) -> JobFolder:
    return made(home, options={"local": True}, account="local", **more)


@pytest.mark.parametrize("begin", [made, local])
def test_an_endpoint_of_the_environment_does_not_answer_the_rest_of_a_job(
    begin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = begin(tmp_path)
    monkeypatch.setenv("REKSCAN_REKOGNITION_ENDPOINT_URL", URL)
    assert cli.run(["resume", folder.job, "--home", str(tmp_path)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert f"was begun with {whose(folder.spec)}, and {URL} would answer the rest" in said
    told = Connection(home=str(tmp_path), rekognition_endpoint_url=URL)
    same_service(folder.spec, resolve(told), told)  # by flag it is meant


@pytest.mark.parametrize("begun", [{"rekognition_url": URL}, {"options": {"local": True}}])
def test_aws_bills_no_rest_of_a_job_that_was_not_begun_there(begun: dict[str, Any], tmp_path: Path) -> None:
    folder = made(tmp_path, **begun)
    told = Connection(home=str(tmp_path), rekognition_endpoint_url="https://rekognition.us-east-1.amazonaws.com")
    with pytest.raises(RekscanError, match="AWS would answer and bill the rest"):
        same_service(folder.spec, resolve(told), told)  # by flag, too: the home's month would not have it


def test_a_job_of_another_endpoint_goes_on_there_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made(tmp_path, rekognition_url=URL, account="endpoint:127.0.0.1:9")
    same_service(folder.spec, resolve(None))
    monkeypatch.setenv("REKSCAN_REKOGNITION_ENDPOINT_URL", "https://rekognition.us-east-1.amazonaws.com")
    with pytest.raises(RekscanError, match=f"begun with {URL}"):
        same_service(folder.spec, resolve(None))


@mock_aws
def test_another_account_does_not_pay_for_the_rest_of_a_job_unless_told(tmp_path: Path) -> None:
    spec = made(tmp_path).spec  # of the account that moto has
    same_service(spec, resolve(None))
    other = replace(spec, account="999999999999")
    with pytest.raises(RekscanError, match="begun with the AWS account 999999999999, and 123456789012 would pay"):
        same_service(other, resolve(None))
    same_service(other, resolve(None), other_account=True)


@pytest.mark.parametrize("begin", [made, local])
def test_a_cluster_goes_on_where_a_job_was_begun_too(
    begin: Any, no_workers: None, tmp_path: Path, redis: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    folder = begin(home)
    for command in ("resume", "retry") if begin is made else ("resume",):
        if command == "retry":
            make_job(home, 40, job=folder.job, broken=3)
        assert cli.run([command, folder.job]) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert f"was begun with {whose(folder.spec)}, and {URL} would answer the rest" in said
    assert not Ledger(redis).is_live(folder.job)


def test_a_cluster_asks_another_endpoint_where_that_is_told_by_flag(
    no_workers: None, tmp_path: Path, redis: Any
) -> None:
    folder = made(tmp_path / "home")
    told = resolve(Connection(rekognition_endpoint_url=URL))
    with Engine(told, local=False) as engine:
        ledger = engine.start(folder.spec)
        open_job(ledger, folder, rekognition_url=engine.rekognition_url)
        assert Ledger(redis).fields(folder.job)["rekognition_url"] == URL
        with Engine(told, local=False) as other:
            other.start(folder.spec)
            assert other.rekognition_url is None  # what runs is not turned elsewhere


def test_the_emulators_job_does_not_go_on_in_a_cluster_that_would_ask_aws(
    no_workers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION")
    with pytest.raises(
        RekscanError, match="was begun with the bundled emulator, which the workers of a cluster do not"
    ):
        same_service(local(tmp_path / "home").spec, resolve(None))


@mock_aws
def test_another_account_does_not_put_a_job_back_on_a_clusters_table(
    no_workers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION")
    other = replace(made(tmp_path / "home").spec, account="999999999999")
    with pytest.raises(RekscanError, match="begun with the AWS account 999999999999, and 123456789012 would pay"):
        same_service(other, resolve(None))
    same_service(other, resolve(None), other_account=True)


def test_a_scan_for_the_emulator_is_not_sent_to_aws(tmp_path: Path) -> None:
    settings = resolve(None, home=str(tmp_path), rekognition_endpoint_url="https://rekognition.us-east-1.amazonaws.com")
    with pytest.raises(UsageError, match="AWS's own endpoint"):
        plan_order([str(tmp_path)], ["labels"], Order(), settings, local=True)


def test_plan_end_report_and_tile_say_that_nothing_is_paid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = local(tmp_path)
    build_tables(folder)
    print_summary(folder, status_of(folder, None))
    end = capsys.readouterr().out
    assert EMULATED in end and "Cost    nothing was paid; AWS would take $0.02 of $0.04 planned" in end
    page = Path(build_report(folder, thumbnails=False).path).read_text()
    assert page.index(EMULATED.replace("'", "&#39;")) < page.index('class="tiles"')
    print_summary(folder, status_of(folder, None))
    found, calls, cost, files, where = capsys.readouterr().out.splitlines()[-5:]
    assert "pictures answered: " in found and cost.startswith("Cost    nothing was paid; AWS would take $0.02")
    assert (calls[:8], files[:8], where) == ("Calls   ", "Tables  ", f"Report  {folder.root}/reports/report.html")
    make_photos(tmp_path / "photos", 1)
    settings = resolve(None, home=str(tmp_path / "other"))
    planned = plan_order([str(tmp_path / "photos")], ["labels"], Order(), settings, local=True)
    assert planned.plan.assumptions[0].startswith(
        "Answers come from the bundled emulator, not from AWS: nothing is paid."
    )
    planned.discard()
    paid = make_job(tmp_path / "aws", 10)
    assert unpaid(paid.spec) == ""
    assert "nothing was paid" not in Path(build_report(paid, thumbnails=False).path).read_text()


def test_a_month_has_what_aws_answered_and_what_it_did_not_apart(tmp_path: Path) -> None:
    folders = [
        made(tmp_path, job="20261123-090000-aaaa"),
        local(tmp_path, job="20261123-090000-bbbb"),
        made(tmp_path, job="20261123-090000-cccc", rekognition_url=URL, account="endpoint:127.0.0.1:9"),
        make_job(tmp_path, 10, job="20261123-090000-dddd", missing_shards=(0,)),
    ]
    found = home_month("2026-11", [(folder.spec, tally(folder)) for folder in folders])
    assert [job.costs.job[-4:] for job in found.paid] == ["aaaa"]
    document = found.to_json()
    assert (document["usd"]["actual"], document["not_aws_usd"]) == ("0.02", "0.04")
    assert [job["answered_by"] for job in document["jobs"]] == ["AWS", "the bundled emulator", URL]
    paid, _, rest = text(month_parts(found)).partition(
        f"2 jobs answered by {URL}, the bundled emulator: nothing was paid"
    )
    assert "1 job answered by AWS; 1 more job made no call" in paid and "bbbb" not in paid
    assert document["jobs_without_calls"] == 1
    assert "bbbb" in rest and "Not paid" in rest
