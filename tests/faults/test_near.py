"""A scan with --near, calls that fail at random and a worker killed in the middle: followers take their leaders'
answers all the same, the cap holds, and nothing is paid twice unmarked."""

import json
from pathlib import Path

from tests.support.bursts import make_bursts
from tests.support.scans import Scan, emulator, tables
from tests.support.waiting import until

NAMES = ("astronaut", "cat", "coffee", "dahlia", "hopper", "rocket", "temple", "raccoon")
PICTURES = len(NAMES) * 5 + 2
ASKED = len(NAMES) * 2 + 2


def test_four_workers_hold_its_cap_while_calls_fail_and_after_a_resume_each_burst_was_paid_once(tmp_path: Path) -> None:
    bursts = make_bursts(tmp_path / "bursts", NAMES)
    home, cap = tmp_path / "home", ASKED // 2
    with emulator(tmp_path, "--latency", "100ms") as rekognition:
        rekognition.set_faults("*:500:15%", "*:400:ThrottlingException:10%", "*:truncate:10%")
        scan = Scan(
            "scan", str(bursts), "--api", "labels", "--near", "4", "--json", "--yes", "--shard-size", "4", "--tps",
            "labels=20", "--max-cost", str(cap / 1000), "--workers", "4", "--rekognition-endpoint-url",
            rekognition.url, home=home,
        )  # fmt: skip
        until(lambda: rekognition.total() > 3, "some calls are made")
        scan.kill_worker()
        code, out = scan.wait()
        assert (code, json.loads(out)["reason"]) == (4, "budget")
        assert sum(rekognition.billed()["DetectLabels"].values()) <= cap
        rekognition.set_faults()
        status = Scan("resume", "last", "--json", "--max-cost", "1", home=home).status()
        assert status["state"] == "finished", status
        assert status["calls"]["planned"] == status["calls"]["ok"] == PICTURES
        billed = rekognition.billed()["DetectLabels"]
    found = tables(home)
    rows = {row["content"].removeprefix("sha256:"): row for row in found.outcomes() if row["sent"] != "inherited"}
    assert len(rows) == ASKED
    assert [content for content in billed if billed[content] > 1 + rows[content]["maybe_billed"]] == []
    assert sum(row["answer_of"] is not None for row in found.rows("images")) == PICTURES - ASKED
    assert float(status["usd"]["actual"]) == round(ASKED / 1000, 6)
