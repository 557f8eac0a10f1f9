"""rekscan in Python: a plan without a paid call, and pictures of rows from disk and from S3."""

from pathlib import Path

import pytest
from redis import Redis

import rekscan
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.ledger import Ledger
from tests.support.s3_server import s3_server
from tests.support.scans import make_photos


def test_an_estimate_is_the_plan_document_and_leaves_nothing_behind(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 5)
    home = tmp_path / "home"
    plan = rekscan.estimate(str(photos), api="labels,faces", region="us-east-1", home=str(home))
    assert plan["items"]["images"] == 5
    assert plan["total_usd"] == "0.01"
    assert not list(home.glob("*/job.json"))


def test_an_estimate_of_months_needs_no_source(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", 5)
    alone = rekscan.estimate(api="labels", monthly=200_000, months=3, region="us-east-1")
    both = rekscan.estimate(str(photos), api="DetectLabels", monthly=200_000, months=3, region="us-east-1")
    assert (alone["total_usd"], both["total_usd"]) == ("600", "600.005")
    assert len(both["months"]) == 3
    with pytest.raises(RekscanError, match="nothing"):
        rekscan.estimate(str(tmp_path / "photos"), api="video-labels", region="us-east-1")


def test_pictures_of_rows_open_from_disk_and_from_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = make_photos(tmp_path / "photos", 1) / "photo-0000.jpg"
    assert rekscan.open_item({"uri": str(photo)}).size == (96, 96)
    for name, value in (("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "us-east-1")):
        monkeypatch.setenv(name, value)
    with s3_server() as server:
        server.bucket("archive", {"a b.jpg": photo.read_bytes()})
        row = {"uri": "s3://archive/a b.jpg", "item_id": 0, "kind": "image"}
        assert rekscan.open_item(row, s3_endpoint_url=server.url, region="us-east-1").size == (96, 96)
        with pytest.raises(RekscanError):
            gone = {**row, "uri": "s3://archive/gone.jpg"}
            rekscan.open_item(gone, s3_endpoint_url=server.url, region="us-east-1")


@pytest.mark.usefixtures("no_workers")
def test_a_sample_is_submitted(tmp_path: Path, redis: Redis) -> None:
    photos = make_photos(tmp_path / "photos", 30)
    job = rekscan.submit(str(photos), api="labels", sample="10", seed=7)
    spec = JobFolder(str(tmp_path / "home"), job).spec
    assert spec.sample is not None
    assert (spec.items, spec.sample.whole, spec.sample.seed) == (10, 30, 7)
    assert Ledger(redis).is_live(job)
