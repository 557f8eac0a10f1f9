"""Films of this machine by `--local`: the bundled emulator looks at them where they are."""

from pathlib import Path

from tests.support.film_scans import SOON, calls, film_rows, findings
from tests.support.films import film
from tests.support.scans import Scan, tables


def test_a_local_scan_reads_films_where_they_are(tmp_path: Path) -> None:
    films = tmp_path / "films"
    (films / "2019").mkdir(parents=True)
    (films / "2019" / "a film.mp4").write_bytes(film(rate=25, frames=50))
    (films / "cut.mp4").write_bytes(film(rate=25, frames=25)[:-1])
    home = tmp_path / "home"
    scan = Scan("scan", str(films), "--api", "video-segments:types=shot", "--local", "--json", home=home, env=SOON)
    status = scan.status()
    assert (status["state"], calls(status)) == ("finished", {"video-segments": (1, 1, 0, 0)})
    found = tables(home)
    assert [(row["ms"], row["format"]) for row in film_rows(found)] == [(2000, "mp4")]
    [shots] = findings(found, "video-segments", "Segments").values()
    assert ({shot["Type"] for shot in shots}, shots[-1]["EndTimestampMillis"]) == ({"SHOT"}, 2000)
