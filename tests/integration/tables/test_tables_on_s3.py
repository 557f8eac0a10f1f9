"""The same tables where the job home is on S3 (a real server: moto's)."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from benchmarks.synthetic_job import make_job
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.header import header
from jobs.media.origins import Loaded
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from reports.views.report import build_report
from tests.browser.gallery_job import draw_job
from tests.support.s3_server import s3_server


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of an empty S3 server with a bucket `home`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with s3_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        boto3.client("s3").create_bucket(Bucket="home")
        yield server.url


def test_tables_of_a_job_on_s3_are_those_of_the_same_job_on_disk(s3: str, tmp_path: Path) -> None:
    remote = make_job("s3://home/jobs", 120, ("labels", "faces"), broken=7)
    local = make_job(tmp_path, 120, ("labels", "faces"), broken=7)
    built = build_tables(remote)
    assert built.paths[0] == f"s3://home/jobs/{remote.job}/reports/images.csv"
    assert build_tables(local).rows == built.rows
    for name, frame in load_folder(remote).items():
        assert frame.equals(load_folder(local)[name])


def test_a_report_on_s3_replaces_the_one_before(s3: str, tmp_path: Path) -> None:
    picture = Path(draw_job(tmp_path, 8).items[7].uri).read_bytes()
    folder = make_job("s3://home/reported", 60, ("labels",))

    def fetch(item: Item) -> Loaded | Skip:
        return Loaded(header(picture), len(picture), picture, None)

    assert build_report(folder, fetch=fetch, items=20).path == f"s3://home/reported/{folder.job}/reports/report.html"
    assert build_report(folder, fetch=fetch, items=5).pictures == 5
    objects = boto3.client("s3").list_objects_v2(Bucket="home", Prefix=f"reported/{folder.job}/reports/report/")[
        "Contents"
    ]
    assert len([one for one in objects if one["Key"].endswith(".jpg")]) == 5
    page = boto3.client("s3").get_object(Bucket="home", Key=f"reported/{folder.job}/reports/report.html")["Body"].read()
    assert page.count(b'<img src="report/') == 5
