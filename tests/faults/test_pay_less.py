"""One mixed archive, in two Regions, with a cascade and near pictures left out: what it will cost stands before, within
an interval; it costs that, though it is killed in the middle; nothing is paid twice and nothing is left.

    REKSCAN_ARCHIVE=1000 pytest -s tests/faults/test_pay_less.py

The archive is on S3, whose names are the same each time, so the pilot draws the same pictures.
"""

import os
from collections import Counter
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jobs.apis import catalogue
from jobs.ledger.keys import key
from tests.support.mixed_archive import PEOPLE, mixed_archive, people_are_seen
from tests.support.s3_server import s3_server
from tests.support.scans import Emulator, Scan, children_of, emulator, left_in_redis, look, tables
from tests.support.waiting import until

FILES = int(os.environ.get("REKSCAN_ARCHIVE", "150"))
PILOT = FILES * 2 // 5
SOURCE, REGIONS, APIS = "s3://photos/", ("us-east-1", "us-west-2"), ("labels", "faces")
CALL = Decimal("0.001")
SOON = {"REKSCAN_LEASE_SECONDS": "2"}  # what a dead worker held is handed on
ALL = ("--api", ",".join(APIS))
LESS = (*ALL, "--when", "faces: labels has Person >= 60", "--near", "4", "--regions", ",".join(REGIONS))


def descendants(pid: int) -> set[int]:
    found = set(children_of(pid, ""))
    return found.union(*map(descendants, found))


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()}


def within(usd: Decimal, interval: dict[str, Any]) -> bool:
    return Decimal(interval["low"]) <= usd <= Decimal(interval["high"])


def billed_by_picture(rekognition: Emulator, archive: dict[str, bytes]) -> Counter[tuple[str, str]]:
    """(operation, name) -> how often it was paid for, as bytes or as an object, in whatever Region."""
    names = {sha256(data).hexdigest(): name for name, data in archive.items()}
    names |= {f"{SOURCE}{name}": name for name in archive}
    paid: Counter[tuple[str, str]] = Counter()
    for operation, by in rekognition.billed().items():
        for content, times in by.items():
            paid[operation, names[content]] += times
    return paid


def test_an_archive_costs_what_was_said_before_and_nothing_twice_though_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    archive = mixed_archive(FILES)
    pictures = sum(data[:2] == b"\xff\xd8" for data in archive.values())
    asked_first, home = tmp_path / "asked-first", tmp_path / "home"
    with s3_server() as s3, emulator(tmp_path, "--latency", "30ms", first=people_are_seen) as rekognition:
        s3.bucket("photos", archive)
        where = ("--json", "--s3-endpoint-url", s3.url, "--rekognition-endpoint-url", rekognition.url)
        pilot = ("estimate", SOURCE, "--pilot", str(PILOT), "--yes", *where)
        less = Scan(*pilot, *LESS, home=asked_first).status()
        asked = rekognition.total()
        full = Scan(*pilot, *ALL, "--region", REGIONS[0], home=asked_first).status()
        assert rekognition.total() == asked  # the same pictures, whose answers are known

        assert Decimal(full["total_usd"]) == len(APIS) * len(archive) * CALL
        assert within(len(APIS) * pictures * CALL, full["sample"]["usd"])
        assert Decimal(less["sample"]["usd"]["high"]) < Decimal(full["sample"]["usd"]["low"])

        rekognition.reset()
        rates = ("--tps", "labels=20", "--tps", "faces=20", "--shard-size", "20")
        scan = Scan("scan", SOURCE, *LESS, *rates, "--yes", *where, home=home, env=SOON)
        until(lambda: rekognition.total() > FILES // 8, "some calls are made")
        scan.kill_worker()
        until(lambda: rekognition.total() > FILES // 4, "the next one goes on")
        started = descendants(scan.process.pid)
        scan.kill_everything()
        resumed = Scan("resume", "last", *where, home=home, env=SOON)
        until(lambda: rekognition.total() > FILES // 3, "more is asked")
        started |= descendants(resumed.process.pid)
        status = resumed.status()
        paid = billed_by_picture(rekognition, archive)
        there = {region: sum(of["billed"].values()) for region, of in rekognition.regions().items()}

    assert status["state"] == "finished", status
    for calls in (status["calls"], *status["by_api"].values()):
        assert calls["planned"] == sum(calls[name] for name in ("ok", "skipped", "failed", "not_asked"))
    assert (status["calls"]["planned"], status["calls"]["failed"]) == (len(APIS) * len(archive), 0)
    people = sum(PEOPLE in name for name in archive)
    assert (status["by_api"]["labels"]["ok"], status["by_api"]["faces"]["ok"]) == (pictures, people)

    found = tables(home)
    names = {row["item_id"]: row["uri"].removeprefix(SOURCE) for row in found.rows("images")}
    maybe: Counter[tuple[str, str]] = Counter()
    for row in found.outcomes():
        maybe[catalogue()[row["api"]].operation, names[row["item_id"]]] += row["maybe_billed"]
    assert [call for call, times in paid.items() if times > 1 + maybe[call]] == []
    assert set(there) == set(REGIONS)

    actual = Decimal(status["usd"]["actual"])
    said = [one["sample"]["usd"] for one in (full, less)]
    print(f"said {said}, paid {actual}; {paid.total()} answered, {maybe.total()} maybe billed")  # of docs/savings.md
    assert within(actual, less["sample"]["usd"])
    assert actual == len(paid) * CALL
    assert paid.total() <= len(paid) + maybe.total()
    assert Decimal(look("costs", "last", home=home)["usd"]["actual"]) == actual
    until(lambda: not alive(started), "nothing is left running")
    assert left_in_redis(home) == {key(found.folder.name)}
