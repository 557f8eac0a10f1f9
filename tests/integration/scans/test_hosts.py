"""Local files and a cluster whose workers are elsewhere: what they must reach is said before it is paid."""

import socket
from pathlib import Path
from typing import Any

import pytest

from jobs.ledger import Ledger
from rekscan import cli
from tests.support.scans import make_photos
from workers.reconcile import beat, hosts

FAR = "render-7"


@pytest.fixture
def said(no_workers: None, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command says on stderr, in one line."""

    def run(*words: str) -> str:
        assert cli.run(list(words)) == 0
        return " ".join(capsys.readouterr().err.split())

    return run


def test_workers_of_another_host_must_read_local_files_and_write_a_local_home(
    said: Any, redis: Any, tmp_path: Path
) -> None:
    photos = str(make_photos(tmp_path / "photos", 2))
    beat(Ledger(redis), f"{socket.gethostname()}:1", 5)
    assert "must be able to" not in said("submit", photos, "--api", "labels", "--yes")  # they are all here
    beat(Ledger(redis), f"{FAR}:17", 5)
    assert hosts(Ledger(redis)) == {FAR, socket.gethostname()}
    need = f"Workers on {FAR} must be able to read {photos} and to write {tmp_path / 'home'} under the same path"
    assert need in said("submit", photos, "--api", "faces", "--yes")


def test_a_list_of_this_machine_that_names_nothing_of_it_needs_nothing(
    said: Any, redis: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    beat(Ledger(redis), f"{FAR}:17", 5)
    (tmp_path / "list.txt").write_text("s3://archive/a.jpg\n")
    told = said("submit", str(tmp_path / "list.txt"), "--api", "labels", "--yes")
    assert f"Workers on {FAR} must be able to write {tmp_path / 'home'} under" in told


def test_a_local_scan_is_not_handed_to_a_cluster_that_would_ask_aws(
    no_workers: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION")
    photos = str(make_photos(tmp_path / "photos", 2))
    assert cli.run(["scan", photos, "--api", "labels", "--local", "--yes"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "which the workers of a cluster do not ask: they would ask AWS" in told and "Unset REKSCAN_REDIS_URL" in told
