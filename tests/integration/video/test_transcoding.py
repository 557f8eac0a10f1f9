"""Films made into what Rekognition takes, by a real ffmpeg."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import RekscanError
from jobs.folder.films import FilmItem, pinned
from jobs.items import Item
from jobs.stage.bucket import Stopped
from jobs.video.ffmpeg import Ffmpeg
from jobs.video.film import Probed
from jobs.video.probe import Prober
from jobs.video.transcoding import NotTranscoded, transcode
from tests.support import ffmpeg as tools
from tests.support.films import ffmpeg, film
from tests.support.scans import children_of
from tests.support.waiting import until

QUIET = {"x265-params": "log-level=none"}
FILMS = {
    "hevc.mp4": film(codec="libx265", frames=30, **QUIET),
    "prores.mov": film("mov", "prores_ks", frames=30, pixels="yuv422p10le"),
    "odd.mkv": film("matroska", "libx264", frames=30, side=(65, 49), pixels="yuv444p", sound=1),
    "old.avi": film("avi", "mpeg4", frames=30),
    "web.webm": film("webm", "libvpx-vp9", frames=30, **{"cpu-used": "8", "deadline": "realtime"}),
}
MADE = {
    "hevc.mp4": "hevc->h264",
    "prores.mov": "prores->h264",
    "odd.mkv": "mkv->mp4",
    "old.avi": "mpeg4->h264",
    "web.webm": "vp9->h264",
}


@pytest.fixture(autouse=True)
def _on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    tools.on_path(monkeypatch, tmp_path)
    yield
    assert not children_of(os.getpid(), "transcode_child")


def looked_at(path: Path) -> Probed:
    prober = Prober(lambda: None, transcoder=Ffmpeg.found())
    return prober.probe(Item(7, str(path), "video", path.stat().st_size))


def item(path: Path) -> FilmItem:
    found = looked_at(path).film
    assert found is not None and found.length_ms is not None
    length = found.length_ms
    return FilmItem(
        7, str(path), found.size, pinned(str(path)), length, length, found.container, found.codec,
        transcoded=found.transcoded,
    )  # fmt: skip


def never() -> bool:
    return False


@pytest.mark.parametrize("name", FILMS)
def test_what_rekognition_does_not_take_is_made_into_h264_of_the_same_length(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILMS[name])
    one = item(tmp_path / name)
    assert one.transcoded == MADE[name]
    ms = transcode(one, tmp_path / "made.mp4", never)
    said = ffmpeg((tmp_path / "made.mp4").read_bytes())
    assert (said.codec, said.ms) == ("h264", ms)
    assert one.length_ms == ms == 1200
    assert looked_at(tmp_path / "made.mp4").skip is None


def test_a_film_that_is_taken_as_it_is_or_never_can_be_is_left_alone(tmp_path: Path) -> None:
    for name, data, skip in (
        ("fine.mp4", film(), None),
        ("sound.mp4", film(codec="", sound=1), "no-video"),
        ("noise.mkv", b"\x1a\x45\xdf\xa3" + bytes(500), "unsupported-container: mkv"),
        ("playlist.mp4", b"#EXTM3U\n#EXTINF:1,\nfine.mp4\n#EXT-X-ENDLIST\n", "unsupported-container"),
    ):
        (tmp_path / name).write_bytes(data)
        found = looked_at(tmp_path / name)
        assert (found.skip.reason if found.skip else None) == skip, name
        assert found.film is None or found.film.transcoded is None


def test_a_film_that_breaks_off_says_what_ffmpeg_says(tmp_path: Path) -> None:
    (tmp_path / "cut.mkv").write_bytes(FILMS["odd.mkv"])
    one = item(tmp_path / "cut.mkv")
    (tmp_path / "cut.mkv").write_bytes(FILMS["odd.mkv"][:300])
    with pytest.raises(NotTranscoded, match="ffmpeg: "):
        transcode(one, tmp_path / "made.mp4", never)


def test_a_film_of_which_most_is_missing_is_not_sent_as_if_it_were_whole(tmp_path: Path) -> None:
    whole = film("matroska", "libvpx-vp9", frames=100, **{"cpu-used": "8", "deadline": "realtime", "g": "5"})
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(NotTranscoded, match="s of 4 s could be read: the rest is missing"):
        transcode(item(tmp_path / "cut.mkv"), tmp_path / "made.mp4", never)


def test_what_is_stopped_takes_its_ffmpeg_with_it(tmp_path: Path) -> None:
    (tmp_path / "long.avi").write_bytes(film("avi", "mpeg4", frames=400, side=(640, 480)))
    one = item(tmp_path / "long.avi")
    running: list[int] = []

    def once_it_runs() -> bool:
        for child in children_of(os.getpid(), "transcode_child"):
            running.extend(children_of(child, "ffmpeg"))
        return bool(running)

    with pytest.raises(Stopped):
        transcode(one, tmp_path / "made.mp4", once_it_runs)
    until(lambda: not Path(f"/proc/{running[0]}/exe").exists(), "its ffmpeg is gone")


def test_without_an_ffmpeg_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RekscanError, match="there is none on PATH"):
        Ffmpeg.found()
