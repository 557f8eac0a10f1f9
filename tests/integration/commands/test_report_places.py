"""Where a report is written and how it is opened: a directory of one's own, one file for a mail, the browser."""

import re
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from rekscan.commands.open_report import open_report
from rekscan.commands.report import report
from rekscan.commands.sql import sql
from rekscan.settings import Connection
from reports.tables.built import built_tables
from reports.tables.load import load_folder
from reports.views import report as views
from reports.views.report import build_report
from tests.browser.gallery_job import Drawn, draw_job
from tests.support.s3_server import s3_server

APIS = ("labels", "faces")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw_job(tmp_path_factory.mktemp("drawn"), 30)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A browser that writes down what it is to open."""
    seen, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)  # it asks the environment once a process
    yield seen


def test_a_directory_of_ones_own_leaves_the_jobs_tables_alone_and_takes_no_other_threshold(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "home", 60, APIS)
    connection = Connection(home=str(tmp_path / "home"))
    report(folder.job, thumbnails=False, json=True, connection=connection)
    whole = dict(load_folder(folder).built.rows)
    out = tmp_path / "sure"
    report(
        folder.job, format="csv,xlsx,html,review,markdown", min_confidence=90, thumbnails=False, out=str(out),
        json=True, connection=connection,
    )  # fmt: skip
    names = {path.name for path in out.iterdir()}
    assert {"labels.csv", "report.html", "report.xlsx", "report.md", "review.csv", "tables.json"} <= names
    assert load_folder(folder).built.rows == whole
    sure = load_folder(folder.with_reports_in(str(out)))
    assert sure.built.min_confidence == 90 and sure.built.rows["labels"] < whole["labels"]
    assert "Findings under 90 % confidence are left out" in (out / "report.html").read_text()
    assert (out.stat().st_mode & 0o077) == 0
    for other, wanted in ((folder, 80.0), (make_job(tmp_path / "home", 3, APIS, job="20261124-090000-cafe"), 90.0)):
        with pytest.raises(UsageError, match=f"{out} has the tables of job {folder.job} from 90 % confidence on"):
            report(other.job, min_confidence=wanted, out=str(out), connection=connection)
    report(folder.job, min_confidence=90, thumbnails=False, out=str(out), json=True, connection=connection)


def test_a_directory_that_cannot_be_is_said(tmp_path: Path) -> None:
    make_job(tmp_path / "home", 5, APIS)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"--out .*Not a directory"):
        report(connection=Connection(home=str(tmp_path / "home")), out=str(tmp_path / "file" / "here"))


def test_a_directory_with_a_file_of_somebody_elses_in_the_way_is_refused_and_one_without_is_taken(
    tmp_path: Path,
) -> None:
    make_job(tmp_path / "home", 5, APIS)
    connection, out = Connection(home=str(tmp_path / "home")), tmp_path / "mine"
    out.mkdir()
    (out / "notes.csv").write_text("mine")
    (out / "labels.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"mine has a file labels\.csv already, which no report wrote"):
        report(format="csv", json=True, out=str(out), connection=connection)
    assert (out / "labels.csv").read_text() == "mine" and len(list(out.iterdir())) == 2
    (out / "labels.csv").unlink()
    for _ in range(2):
        assert report(format="csv", json=True, out=str(out), connection=connection) == 0
    assert (out / "notes.csv").read_text() == "mine"


def test_the_page_and_the_tables_beside_it_agree(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 30, APIS)
    connection, page = Connection(home=str(tmp_path)), Path(folder.root, "reports", "report.html")
    report(folder.job, thumbnails=False, json=True, connection=connection)
    report(folder.job, format="csv", min_confidence=90, thumbnails=False, json=True, connection=connection)
    assert "Findings under 90 % confidence are left out" in page.read_text()
    before = page.stat().st_mtime_ns
    report(folder.job, format="csv", min_confidence=90, thumbnails=False, json=True, connection=connection)
    assert page.stat().st_mtime_ns == before  # nothing else to say
    built = built_tables(folder)
    assert built is not None and built.min_confidence == 90


def test_a_single_file_has_its_pictures_in_it_as_many_as_a_mail_takes(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(Path(drawn.folder.root).parent)
    report(drawn.folder.job, format="parquet", single_file=True, connection=Connection(home=home))
    path = Path(drawn.folder.root, "reports", "report-single.html")
    assert str(path) in capsys.readouterr().out
    page = path.read_text()
    pictures = re.findall(r'<img src="([^"]{20})', page)
    assert len(pictures) > 20 and all(src.startswith("data:image/") for src in pictures)
    assert 'src="report/' not in page and "img-src data:;" in page and len(page) < 10_000_000
    monkeypatch.setattr(views, "SINGLE_BYTES", len(page) // 2)
    small = build_report(drawn.folder, single=True)
    assert small.bytes <= len(page) // 2 and 0 < small.pictures < len(pictures)


def test_open_builds_what_is_missing_and_opens_it(
    tmp_path: Path, opened: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_job(tmp_path / "home", 5, APIS)
    connection = Connection(home=str(tmp_path / "home"))
    assert open_report("last", browser=False, connection=connection) == 0
    page = Path(folder.root, "reports", "report.html")
    assert capsys.readouterr().out == f"{page}\n" and page.is_file() and not opened.exists()
    open_report("last", connection=connection)
    assert opened.read_text() == f"{page.as_uri()}\n"


def test_open_brings_a_report_from_s3(
    tmp_path: Path, drawn: Drawn, opened: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("REKSCAN_DATA", str(tmp_path / "data"))
    with s3_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        boto3.client("s3").create_bucket(Bucket="home")
        folder: JobFolder = make_job("s3://home/jobs", drawn.items[:8], ("labels",))
        built = build_report(folder)
        assert built.pictures > 4
        open_report(folder.job, connection=Connection(home="s3://home/jobs"))
        out = tmp_path / "here"  # a directory for a job on S3
        report(folder.job, format="csv", out=str(out), json=True, connection=Connection(home="s3://home/jobs"))
        sql(folder.job, "select count(*) from images", connection=Connection(home="s3://home/jobs"))
    page = tmp_path / "data" / "reports" / folder.job / "report.html"
    assert opened.read_text() == f"{page.as_uri()}\n"
    assert len(list((page.parent / "report").iterdir())) == built.pictures
    assert (out / "labels.csv").is_file()
