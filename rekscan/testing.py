"""For tests of programs that use Rekognition: a real endpoint on this machine, as a pytest fixture or a with block.

In `conftest.py`::

    from rekscan.testing import rekognition  # noqa: F401

and in a test::

    def test_finds_the_face(rekognition):
        client = rekognition.client()

The fixture lives as long as the test session; `with emulator("--quota", "labels=50") as running:` is one of your own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

START_SECONDS = 120.0
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: where it is, and what it saw."""

    url: str
    process: subprocess.Popen[str]

    def client(self, service: str = "rekognition", **options: Any) -> Any:
        """A boto3 client of it; `options` as for `boto3.client`."""
        import boto3

        return boto3.client(service, **(self.client_options() | options))

    def client_options(self) -> dict[str, Any]:
        """What `boto3.client("rekognition", **options)` needs to reach it."""
        return {
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "aws_access_key_id": "emulator",
            "aws_secret_access_key": "emulator",
        }

    def environment(self) -> dict[str, str]:
        """Environment variables that point any AWS SDK or CLI at it."""
        return {
            "AWS_ENDPOINT_URL_REKOGNITION": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "emulator",
            "AWS_SECRET_ACCESS_KEY": "emulator",
        }

    def counts(self) -> dict[str, Any]:
        """Calls and what AWS would have billed, by operation and content; see docs/emulator.md."""
        return self._admin("counts")

    def reset(self) -> None:
        """Forget the counts and what faults have used up."""
        self._admin("reset", b"")

    def set_faults(self, *faults: str) -> None:
        """Replace its faults by these, written as for --fault."""
        self._admin("faults", json.dumps(faults).encode())

    def set_quotas(self, *quotas: str) -> None:
        """Replace its quotas by these, written as for --quota."""
        self._admin("quotas", json.dumps(quotas).encode())

    def _admin(self, what: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/admin/{what}", body, _JSON)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            document: dict[str, Any] = json.load(answer)
        return document


@contextlib.contextmanager
def emulator(*options: str) -> Iterator[Emulator]:
    """Run `rekscan emulator` with these options on a free port; stopped when the block ends."""
    command: Sequence[str] = (sys.executable, "-m", "emulator", "--port", "0", *options)
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603
    try:
        yield Emulator(_listening(process), process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _listening(process: subprocess.Popen[str]) -> str:
    """The URL it prints once it answers."""
    assert process.stdout is not None
    patience = threading.Timer(START_SECONDS, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            if line.startswith("listening on "):
                return line.removeprefix("listening on ").strip()
    finally:
        patience.cancel()
    raise RuntimeError(f"the emulator did not start; it ended with {process.wait()}, and said why above")


@pytest.fixture(scope="session")
def rekognition() -> Iterator[Emulator]:
    """An emulator answering with the open models, for the whole session; `rekognition.reset()` zeroes its counts."""
    with emulator() as running:
        yield running
