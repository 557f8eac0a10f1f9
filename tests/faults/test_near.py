"""A scan with --near, its worker killed in the middle: followers take their leaders' answers all the same, and nothing
is paid twice unmarked."""

import json
from pathlib import Path

from tests.support.bursts import make_bursts
from tests.support.scans import Scan, asked_twice_is_marked, emulator, tables
from tests.support.waiting import until

NAMES = ("astronaut", "cat", "coffee", "dahlia", "hopper", "rocket", "temple", "raccoon")
PICTURES = len(NAMES) * 5 + 2
ASKED = len(NAMES) * 2 + 2
IN_FLIGHT = 20  # as in test_kills.py


def test_a_killed_scan_holds_its_cap_and_after_a_resume_each_burst_was_paid_once(tmp_path: Path) -> None:
    bursts = make_bursts(tmp_path / "bursts", NAMES)
    home, cap = tmp_path / "home", ASKED // 2
    with emulator(tmp_path, "--latency", "100ms") as rekognition:
        scan = Scan(
            "scan", str(bursts), "--api", "labels", "--near", "4", "--json", "--yes", "--shard-size", "4", "--tps",
            "labels=20", "--max-cost", str(cap / 1000), "--rekognition-endpoint-url", rekognition.url, home=home,
        )  # fmt: skip
        until(lambda: rekognition.total() > 3, "some calls are made")
        scan.kill_worker()
        code, out = scan.wait()
        assert (code, json.loads(out)["reason"]) == (4, "budget")
        assert rekognition.total() <= cap
        status = Scan("resume", "last", "--json", "--max-cost", "1", home=home).status()
        assert status["state"] == "finished", status
        assert status["calls"]["planned"] == status["calls"]["ok"] == PICTURES
        found = tables(home)
        twice = asked_twice_is_marked(found, rekognition)
        assert twice <= IN_FLIGHT
        assert rekognition.total() <= ASKED + twice
    assert sum(row["answer_of"] is not None for row in found.rows("images")) == PICTURES - ASKED
    assert float(status["usd"]["actual"]) == round(ASKED / 1000, 6)
