"""The month's cap of a home over whole scans, one after the other and at once: counted at the endpoint. For these tests
the emulator is taken for AWS, whose bills alone count."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.folder import whose
from rekscan.cli import run as command
from rekscan.testing import Emulator as Client
from tests.support.scans import Emulator, Scan, emulator, look, make_photos, tables

ON_AWS = ("-m", "tests.faults.on_aws")


@pytest.fixture(autouse=True)
def on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whose, "is_aws", lambda _: True)


def start(source: Path, tmp_path: Path, rekognition: Emulator, *more: str) -> Scan:
    return Scan(
        "scan", str(source), "--api", "labels", "--yes", "--json", "--shard-size", "5", "--tps", "labels=100",
        "--rekognition-endpoint-url", rekognition.url, *more, home=tmp_path / "home", program=ON_AWS,
    )  # fmt: skip


def cap(tmp_path: Path, *words: str) -> Any:
    found = look("cap", *words, home=tmp_path / "home")["month_cap"]
    return found and (found["usd"], found["spent"], found["left"])


def stopped(status: dict[str, Any]) -> bool:
    return (status["state"], status["reason"]) == ("incomplete", "month-cap")


def test_the_jobs_of_a_home_spend_one_cap_whatever_redis_knows_of_the_earlier_ones(tmp_path: Path) -> None:
    first, second = (make_photos(tmp_path / name, 20, shade=shade) for name, shade in (("one", 77), ("two", 99)))
    with emulator(tmp_path) as rekognition:
        assert start(first, tmp_path, rekognition, "--month-cap", "0.03").status()["state"] == "finished"
        assert cap(tmp_path) == ("0.03", "0.02", "0.01")  # its Redis ended with it
        status = start(second, tmp_path, rekognition).status()
        assert stopped(status)
        assert "rekscan cap --month DOLLARS" in status["do"]
        assert rekognition.total() == 30

        month = look("costs", "--month", status["job"][:4] + "-" + status["job"][4:6], home=tmp_path / "home")
        assert month["cap"] == {"month": month["month"], "usd": "0.03", "spent": "0.03", "left": "0"}
        assert cap(tmp_path, "--month", "none") is None


def test_two_jobs_at_once_never_pass_it_while_calls_fail_at_random(tmp_path: Path) -> None:
    sources = [make_photos(tmp_path / str(shade), 40, shade=shade) for shade in (77, 99)]
    with emulator(tmp_path) as rekognition:
        assert cap(tmp_path, "--month", "0.05") == ("0.05", "0", "0.05")
        rekognition.set_faults("*:500:15%", "*:400:ThrottlingException:10%", "*:truncate:10%")
        scans = [start(source, tmp_path, rekognition, "--workers", "2", "--beside") for source in sources]
        assert True in [stopped(scan.status()) for scan in scans]
        billed = sum(rekognition.billed()["DetectLabels"].values())
        usd, spent, _ = cap(tmp_path)
        assert billed <= round(float(spent) * 1000) <= round(float(usd) * 1000) == 50


def test_calls_of_two_regions_spend_one_cap_each_at_its_own_price_to_the_last_that_fits(tmp_path: Path) -> None:
    source = make_photos(tmp_path / "photos", 60)
    with emulator(tmp_path) as rekognition:
        more = ("--regions", "us-east-1,ap-northeast-1", "--month-cap", "0.0405", "--workers", "2")
        assert stopped(start(source, tmp_path, rekognition, *more).status())
        billed = {region: of["billed"]["DetectLabels"] for region, of in rekognition.regions().items()}
    assert min(billed["us-east-1"], billed["ap-northeast-1"]) >= 8
    spent = (Decimal("0.001") * billed["us-east-1"]) + (Decimal("0.0013") * billed["ap-northeast-1"])
    assert Decimal(0) <= Decimal("0.0405") - spent < Decimal("0.001")
    assert Decimal(cap(tmp_path)[1]) == spent


def test_the_plan_says_what_is_left_and_the_emulators_jobs_count_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_photos(tmp_path / "photos", 3)
    home = ("--home", str(tmp_path / "home"))
    asked = ("scan", str(source), "--api", "labels", "--region", "us-east-1", "--dry-run", *home)
    assert cap(tmp_path, "--month", "0.002") == ("0.002", "0", "0.002")
    plan = look(*asked[:-2], home=tmp_path / "home")
    assert plan["assumptions"][0].endswith("$0.002 is left. This scan may stop there.")
    assert command([*asked, "--month-cap", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assumptions"][0].endswith("$5.00 is left.")
    assert cap(tmp_path) == ("0.002", "0", "0.002")  # a plan changes nothing
    monkeypatch.undo()
    assert command([*asked, "--month-cap", "5", "--local"]) == 2
    assert "counts what AWS bills" in capsys.readouterr().err


def test_a_pilot_over_what_is_left_pays_nothing_and_one_that_it_stopped_goes_on_at_the_price_of_what_is_not_known(
    tmp_path: Path,
) -> None:
    photos = make_photos(tmp_path / "photos", 30)
    asked = ("estimate", str(photos), "--api", "labels", "--pilot", "20", "--yes", "--json", "--max-cost", "1")
    with emulator(tmp_path) as rekognition:

        def pilot() -> Scan:
            url = ("--rekognition-endpoint-url", rekognition.url)
            return Scan(*asked, *url, home=tmp_path / "home", program=ON_AWS)

        cap(tmp_path, "--month", "0.019")
        refused = pilot()
        assert refused.wait() == (1, "")
        said = " ".join(refused.log.read_text().split())
        assert "a pilot of 20 images costs $0.02, and the jobs of this home together may cost $0.019" in said
        assert rekognition.total() == 0

        cap(tmp_path, "--month", "0.02")
        rekognition.set_faults("*:truncate:50%")  # maybe billed, and asked again
        stopped_short = pilot()
        assert stopped_short.wait() == (1, "")
        assert "month-cap), and what comes first is no fair sample" in " ".join(stopped_short.log.read_text().split())
        assert sum(rekognition.billed()["DetectLabels"].values()) == 20

        rekognition.set_faults()
        left = 20 - Counter(row["outcome"] for row in tables(tmp_path / "home").outcomes())["ok"]
        assert 0 < left < 20
        cap(tmp_path, "--month", str(Decimal("0.02") + Decimal(left - 1) / 1000))
        assert pilot().wait() == (1, "")
        cap(tmp_path, "--month", str(Decimal("0.02") + Decimal(left) / 1000))
        assert pilot().status()["sample"]["items"] == 20
        assert sum(rekognition.billed()["DetectLabels"].values()) == 20 + left
        assert pilot().status()["sample"]["items"] == 20  # all is known, and nothing is left of the cap
        assert sum(rekognition.billed()["DetectLabels"].values()) == 20 + left


def test_a_sample_that_it_stops_says_so_and_what_it_did_not_reach_may_be_anything(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 40)
    with emulator(tmp_path) as rekognition:
        status = start(photos, tmp_path, rekognition, "--sample", "20", "--month-cap", "0.012").status()
        assert stopped(status)
        (labels,) = look("report", status["job"], "--no-thumbnails", home=tmp_path / "home")["whole"]["apis"]
        assert (labels["answered"]["found_in"], labels["without_answer"]) == (12, 8)
        low = 17 / 40  # exact for 12 of 20 drawn of 40: the 8 not reached may be the ones without an answer
        assert labels["answered"]["share"] == {"low": low, "value": 1.0, "high": 1.0}


@pytest.mark.parametrize("dollars", ["-1", "much", "NaN", ""])
def test_what_is_no_cap_is_refused(tmp_path: Path, dollars: str) -> None:
    assert command(["cap", "--month", dollars, "--home", str(tmp_path / "home")]) == 2
    assert cap(tmp_path) is None


def test_hours_of_a_model_count_and_none_is_started_that_the_month_does_not_pay_for(tmp_path: Path) -> None:
    source, project = make_photos(tmp_path / "photos", 60), "arn:aws:rekognition:us-east-1:000000000000:project/logos"
    with emulator(tmp_path, "--model-seconds", "0.5", "--custom-model", "logos/v1=cat") as rekognition:
        api = f"custom-labels:units=2,project_version_arn={project}/version/v1/1767225600000"
        asked = (
            "scan", str(source), "--api", api, "--yes", "--json", "--tps", "custom-labels=2",
            "--rekognition-endpoint-url", rekognition.url,
        )  # fmt: skip
        assert cap(tmp_path, "--month", "0.075") == ("0.075", "0", "0.075")  # 34 s, of which the stop may take 30
        assert stopped(Scan(*asked, home=tmp_path / "home", program=ON_AWS).status())
        _, spent, _ = cap(tmp_path)
        assert 4 * hours(rekognition) <= float(spent) < 0.075
        calls = rekognition.counts()["DetectCustomLabels"]

        assert cap(tmp_path, "--month", spent) == (spent, spent, "0")
        again = Scan(*asked, home=tmp_path / "home", program=ON_AWS)
        assert again.wait()[0] == 1
        assert "costs $8.00 an hour" in again.log.read_text()
        assert (rekognition.counts()["DetectCustomLabels"], 4 * hours(rekognition) <= float(spent)) == (calls, True)


def hours(rekognition: Emulator) -> float:
    """Of all models, times their units."""
    client = Client(rekognition.url, rekognition.process)  # type: ignore[arg-type]
    return float(sum(client.counts()["inference_hours"].values()))
