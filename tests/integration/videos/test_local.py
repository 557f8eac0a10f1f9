"""Films of this machine, looked at by the bundled emulator where they are: nothing is staged, nothing is paid."""

from pathlib import Path

import pytest

from tests.support import ffmpeg
from tests.support.film_scans import ENV, calls, film_rows
from tests.support.films import film
from tests.support.scans import Scan, tables


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("Films of 2024")
    (folder / "summer").mkdir()
    (folder / "summer" / "a lake.mp4").write_bytes(film(rate=25, frames=25))
    (folder / "spoken.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(500))
    return folder


def test_a_folder_of_films_is_scanned_with_local_alone(archive: Path, tmp_path: Path) -> None:
    asked = ("--api", "video-labels,video-segments", "--local", "--json")
    scan = Scan("scan", str(archive), *asked, home=tmp_path / "home", env=ENV)
    status = scan.status()
    assert status["state"] == "finished"
    assert calls(status) == {"video-labels": (1, 1, 0, 0), "video-segments": (1, 1, 0, 0)}
    rows = film_rows(tables(tmp_path / "home"))
    assert {(row["api"], row["outcome"], row["ms"]) for row in rows} == {
        ("video-labels", "ok", 1000),
        ("video-segments", "ok", 1000),
    }
    assert (archive / "summer" / "a lake.mp4").exists()
    [seen] = [row for row in tables(tmp_path / "home").rows("videos") if row["uri"].endswith("lake.mp4")]
    assert seen["uri"] == str(archive / "summer" / "a lake.mp4")


def test_films_of_other_codecs_are_made_into_h264_beside_the_job_and_deleted(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg.on_path(monkeypatch, tmp_path)
    (archive / "summer" / "a lake.avi").write_bytes(film("avi", "mpeg4", frames=50))
    asked = ("--api", "video-segments", "--local", "--transcode", "--json")
    status = Scan("scan", str(archive), *asked, home=tmp_path / "home", env=ENV).status()
    assert (status["state"], calls(status)) == ("finished", {"video-segments": (2, 2, 0, 0)}), status
    found = {Path(row["uri"]).name: row for row in tables(tmp_path / "home").rows("videos")}
    assert {name: (row["transcoded"], row["length_ms"]) for name, row in found.items() if row["status"] == "ok"} == {
        "a lake.mp4": (None, 1000), "a lake.avi": ("mpeg4->h264", 2000),
    }  # fmt: skip
    made = Path(tables(tmp_path / "home").spec()["options"]["made"])
    assert made.parent.is_dir() and not made.exists()
    assert (archive / "summer" / "a lake.mp4").read_bytes() == film(rate=25, frames=25)
