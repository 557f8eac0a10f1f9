"""docker-compose.yml is held to its word: each service's own command runs here, against local servers."""

import os
import shlex
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.places import ROOT
from tests.support.redis import free_port
from tests.support.scans import make_photos
from tests.support.waiting import until
from workers.config import connect
from workers.supervisor import server_binary

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def command(service: str) -> list[str]:
    """The service's command, with this environment's programs."""
    words = COMPOSE["services"][service]["command"]
    words = shlex.split(words) if isinstance(words, str) else list(words)
    programs = {"rekscan": [sys.executable, "-m", "rekscan"], "valkey-server": [server_binary()]}
    return [*programs[words[0]], *words[1:]]


def test_the_services_commands_run_a_scan_together(tmp_path: Path) -> None:
    ports = {"redis": free_port(), "emulator": free_port()}
    env = {
        **os.environ,
        "REKSCAN_REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
        "REKSCAN_HOME": str(tmp_path / "home"),
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_REKOGNITION": f"http://127.0.0.1:{ports['emulator']}",
    }
    own = {
        "redis": [*command("redis"), "--port", str(ports["redis"]), "--bind", "127.0.0.1", "--dir", str(tmp_path)],
        "emulator": [
            str(ports["emulator"]) if word == "9324" else str(tmp_path / "data") if word == "/data" else word
            for word in command("emulator")
        ]
        + ["--engine", "fixed"],
        "worker": command("worker"),
    }
    assert set(own) == set(COMPOSE["services"])
    with ExitStack() as stack:
        for name, words in own.items():
            process = subprocess.Popen(words, env=env, cwd=tmp_path, stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            if name == "redis":
                until(lambda: _answers(env["REKSCAN_REDIS_URL"]), "redis answers")
        until(lambda: _listens(ports["emulator"]), "the emulator listens")
        photos = make_photos(tmp_path / "photos", 20)
        rekscan = [sys.executable, "-m", "rekscan"]
        job = subprocess.run(
            [*rekscan, "submit", str(photos), "--api", "labels", "--yes"], env=env, text=True, check=True,
            stdout=subprocess.PIPE,
        ).stdout.strip()  # fmt: skip
        assert subprocess.run([*rekscan, "watch", job], env=env, check=False).returncode == 0
    assert (tmp_path / "home" / job / "reports" / "labels.csv").exists()


def test_a_worker_that_ends_by_itself_is_started_again() -> None:
    assert COMPOSE["services"]["worker"]["restart"] == "unless-stopped"


def test_redis_keeps_what_it_is_told_and_evicts_nothing() -> None:
    words = COMPOSE["services"]["redis"]["command"]
    settings = dict(zip(words[1::2], words[2::2], strict=True))
    assert settings["--appendonly"] == "yes"
    assert settings["--maxmemory-policy"] == "noeviction"


def test_the_image_holds_every_package_the_project_has() -> None:
    copied = {line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("COPY ")}
    assert {"rekscan", "workers", "reports", "jobs", "emulator"} <= copied


@pytest.mark.parametrize("service", ["worker", "emulator"])
def test_services_get_the_settings_they_read(service: str) -> None:
    environment = COMPOSE["services"][service]["environment"]
    assert {"REKSCAN_REDIS_URL", "REKSCAN_HOME", "AWS_REGION"} <= set(environment)


def _answers(url: str) -> bool:
    try:
        return bool(connect(url).ping())
    except Exception:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
