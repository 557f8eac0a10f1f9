"""One emulator with models for all these tests, one with recordings, and an S3 server of moto's."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.photos import gather
from rekscan.testing import Emulator, emulator
from tests.emulator import strict
from tests.support.waiting import until


class S3Server:
    """moto's server in a process of its own, with one bucket."""

    bucket = "archive"

    def __init__(self, log: Path) -> None:
        self.log = log
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        with log.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out)
        until(lambda: self._port() is not None, "moto prints its port")
        self.url = f"http://127.0.0.1:{self._port()}"
        until(self._answers, "moto answers")

    def client(self) -> Any:
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **keys)

    def _port(self) -> str | None:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.log.read_text())
        return found[1] if found else None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    server = S3Server(tmp_path_factory.mktemp("moto") / "log")
    server.client().create_bucket(Bucket=S3Server.bucket)
    yield server
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample archive, gathered once."""
    folder = tmp_path_factory.mktemp("photos")
    gather(folder)
    return folder


@pytest.fixture(scope="session")
def gallery(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "Barack Obama 1.jpg").write_bytes((archive / "people/obama-speech.jpg").read_bytes())
    (folder / "Grace_Hopper").mkdir()
    (folder / "Grace_Hopper" / "portrait.jpg").write_bytes((archive / "people/hopper.jpg").read_bytes())
    (folder / "Nobody.jpg").write_bytes((archive / "things/coffee.jpg").read_bytes())
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file store of the models."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def models(s3: S3Server, gallery: Path, store: Path) -> Iterator[Emulator]:
    places = ("--s3-endpoint-url", s3.url, "--gallery", str(gallery), "--file-store", str(store))
    with emulator(*places, "--custom-model", "toy/v1=cat,invoice") as running:
        yield running


@pytest.fixture(scope="session")
def alone() -> Iterator[Emulator]:
    """Another emulator with models: one process, no S3, no gallery."""
    with emulator("--workers", "1") as running:
        yield running


@pytest.fixture(scope="session")
def fixed() -> Iterator[Emulator]:
    with emulator("--engine", "fixed", "--custom-model", "toy/v1=cat", "--model-seconds", "0") as running:
        yield running


@pytest.fixture
def aws(models: Emulator) -> Any:
    """A strict client of the models."""
    models.set_faults()
    models.reset()
    return strict.client(models.url)


@pytest.fixture
def photo(archive: Path) -> Callable[[str], dict[str, bytes]]:
    """`photo("cat.jpg")` is the Image member for a request."""
    places = {path.name: path for path in archive.rglob("*") if path.is_file()}
    return lambda name: {"Bytes": places[name].read_bytes()}


@pytest.fixture
def collection(aws: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty collection of the test's own."""
    name = re.sub(r"[^a-zA-Z0-9_.\-]", "-", request.node.name)
    aws.create_collection(CollectionId=name)
    yield name
    if name in aws.list_collections()["CollectionIds"]:
        aws.delete_collection(CollectionId=name)
