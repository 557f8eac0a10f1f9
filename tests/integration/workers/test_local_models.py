"""The bundled models on a host: one emulator, whoever of the workers runs it. (Its engine is the one that repeats
recorded answers.)"""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from emulator.photos import photo
from jobs.aws.faults import Kind, understand
from tests.support.scans import children_of
from tests.support.waiting import until
from workers import local_models
from workers.local_models import LocalModels


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_models, "_OPTIONS", (*local_models._OPTIONS, "--engine", "fixed"))


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


def emulators() -> list[int]:
    return children_of(os.getpid(), "--end-with-stdin")


async def look(models: LocalModels) -> Mapping[str, Any]:
    return await models.ask("DetectFaces", {"Image": {"Bytes": photo("hopper.jpg")}})


def answered(loop: asyncio.Runner, models: LocalModels) -> bool:
    with suppress(BotoCoreError):
        return bool(loop.run(look(models))["FaceDetails"])
    return False


def test_one_worker_runs_them_for_all_and_the_next_takes_over(loop: asyncio.Runner, tmp_path: Path) -> None:
    one, other = LocalModels(f"unix://{tmp_path}"), LocalModels(f"unix://{tmp_path}")
    try:
        assert loop.run(look(one))["FaceDetails"]
        assert loop.run(look(other))["FaceDetails"]
        (running,) = emulators()
        one.close()
        assert emulators() == []
        with pytest.raises(BotoCoreError):  # nobody is there: the caller tries again
            loop.run(look(other))
        assert loop.run(look(other))["FaceDetails"]
        assert emulators() != [running]
        (killed,) = emulators()
        os.kill(killed, signal.SIGKILL)
        with suppress(ChildProcessError):  # they were missed before they were asked
            os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)  # their port refuses before they have ended
        assert answered(loop, other) or answered(loop, other)
        assert emulators() != [killed]
    finally:
        one.close()
        other.close()
    assert emulators() == []
    assert not one._place.exists()


def test_models_that_die_are_started_by_whoever_asks_next_though_their_worker_has_nothing_to_ask(
    loop: asyncio.Runner, tmp_path: Path
) -> None:
    idle, busy = LocalModels(f"unix://{tmp_path}"), LocalModels(f"unix://{tmp_path}")
    try:
        assert loop.run(look(idle))["FaceDetails"]
        assert loop.run(look(busy))["FaceDetails"]
        os.kill(emulators()[0], signal.SIGKILL)
        with pytest.raises(BotoCoreError):
            loop.run(look(busy))
        until(lambda: answered(loop, busy), "another worker has started them")
        assert loop.run(look(idle))["FaceDetails"]
        assert len(emulators()) == 1
    finally:
        busy.close()
        idle.close()
    assert emulators() == []


def test_models_that_do_not_start_are_the_jobs_trouble(
    loop: asyncio.Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_models, "_OPTIONS", ("--no-such-option",))
    models = LocalModels(f"unix://{tmp_path}")
    with pytest.raises(Exception, match="do not start") as caught:
        loop.run(look(models))
    fault = understand(caught.value, "DetectFaces")
    assert fault.kind is Kind.JOB
    assert "pip install 'rekscan[emulator]'" in fault.do
    models.close()
