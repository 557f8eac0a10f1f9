"""A scan under conditions and a cap, its worker killed in the middle: nothing is paid twice unmarked, the cap holds,
and all that was asked, was not and was left adds up."""

import json
from pathlib import Path
from typing import Any

from tests.support.people import has_person, on_some_pictures
from tests.support.scans import Scan, asked_twice_is_marked, emulator, make_photos, tables
from tests.support.waiting import until

IN_FLIGHT = 20  # as in test_kills.py
WHEN = ("--when", "faces: labels has Person >= 60", "--when", "text: faces has any")
CALL = 0.001  # dollars


def adds_up(status: Any) -> None:
    for calls in status["by_api"].values():
        assert calls["planned"] == sum(calls[name] for name in ("ok", "skipped", "failed", "not_asked"))


def test_a_killed_cascade_holds_its_cap_and_a_resume_asks_what_is_left(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 90)
    people = sum(has_person(path.read_bytes()) for path in photos.iterdir())
    home, cap = tmp_path / "home", 60
    with emulator(tmp_path, "--latency", "60ms", first=on_some_pictures) as rekognition:
        scan = Scan(
            "scan", str(photos), "--api", "text,faces,labels", *WHEN, "--json", "--shard-size", "25",
            "--max-cost", str(cap * CALL), "--tps", "labels=40,faces=40,text=40",
            "--rekognition-endpoint-url", rekognition.url, home=home,
        )  # fmt: skip
        until(lambda: rekognition.total() > 30, "some calls are made")
        scan.kill_worker()
        code, out = scan.wait()
        assert (code, json.loads(out)["reason"]) == (4, "budget")
        assert rekognition.total() <= cap
        status = Scan("resume", "last", "--json", "--max-cost", "1", home=home).status()
        assert status["state"] == "finished", status
        adds_up(status)
        calls = status["by_api"]
        assert (calls["labels"]["ok"], calls["faces"]["ok"], calls["text"]["ok"]) == (90, people, people)
        assert calls["faces"]["not_asked"] == calls["text"]["not_asked"] == 90 - people
        twice = asked_twice_is_marked(tables(home), rekognition)
        assert twice <= IN_FLIGHT
        assert rekognition.total() <= 90 + 2 * people + twice
    assert float(status["usd"]["actual"]) == round((90 + 2 * people) * CALL, 6)
