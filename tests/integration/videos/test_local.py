"""Films of this machine, looked at by the bundled emulator where they are: nothing is staged, nothing is paid."""

from pathlib import Path

import pytest

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
