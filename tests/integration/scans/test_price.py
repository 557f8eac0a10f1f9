"""Estimate, scan and costs as programs against the emulator: the price before is the price after, to the last digit."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from rekscan.testing import emulator


@pytest.fixture(scope="module")
def running():
    with emulator("--engine", "fixed") as found:
        yield found


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(9):
        Image.effect_noise((160, 120), 60 + number).convert("RGB").save(folder / f"{number}.jpg")
    return folder


@pytest.fixture
def rekscan(running, tmp_path):
    def call(*argv):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("REKSCAN_", "AWS_"))}
        env |= running.environment() | {"REKSCAN_DATA": str(tmp_path / "data"), "REKSCAN_HOME": str(tmp_path / "home")}
        return subprocess.run(
            [sys.executable, "-m", "rekscan", *map(str, argv)],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    return call


def test_estimate_scan_and_costs_agree_to_the_last_digit(rekscan, pictures):
    apis = "labels,properties,faces,text"
    before = json.loads(rekscan("estimate", pictures, "--api", apis, "--json").stdout)
    scanned = rekscan("scan", pictures, "--api", apis, "--yes", "--json")
    assert scanned.returncode == 0, scanned.stderr
    status = json.loads(scanned.stdout)
    after = json.loads(rekscan("costs", "last", "--json").stdout)
    assert before["total_usd"] == "0.03375"  # 27 on group 2, 9 on image properties
    assert status["usd"] == after["usd"] == {"planned": "0.03375", "actual": "0.03375", "maybe": "0"}
    assert [line["usd"] for line in before["lines"]] == [line["actual"]["usd"] for line in after["lines"]]


def test_a_pilot_asks_first_runs_for_real_and_extrapolates(rekscan, pictures, tmp_path):
    asked = rekscan("estimate", pictures, "--api", "labels,faces", "--sample", "4", "--json")
    assert asked.returncode == 1
    assert "there is nobody to ask" in asked.stderr
    assert list((tmp_path / "home").glob("*/job.json")) == []
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0junk")
    done = rekscan("estimate", pictures, "--api", "labels,faces", "--sample", "10", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["total_usd"] == "0.02"
    sample = found["sample"]
    assert (sample["items"], sample["of"]) == (10, 10)
    assert sample["usd"] == {"low": "0.018", "expected": "0.018", "high": "0.018"}
    assert [row["skipped"]["value"] for row in sample["apis"]] == [0.1, 0.1]
    paid = json.loads(rekscan("costs", sample["job"], "--json").stdout)
    assert paid["usd"]["actual"] == "0.018"
