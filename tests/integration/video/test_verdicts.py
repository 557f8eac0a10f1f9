"""What is never sent, and why: of files, through the one way in."""

from pathlib import Path

import boto3
import pytest

from jobs.codes import Code
from jobs.items import Item
from jobs.video.film import MAX_BYTES, Probed
from jobs.video.probe import Prober
from jobs.video.reading import MAX_READS, Reads
from tests.support.films import box, cut_out, far_apart, film, outer, patched
from tests.support.pictures import encoded, picture

IN_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
SEVEN_HOURS = [number * 420 for number in range(61)]  # seconds


def probed(data: bytes, where: Path) -> Probed:
    path = where / "film.mp4"
    path.write_bytes(data)
    return Prober(lambda: None).probe(Item(0, str(path), "video"))


def reason(found: Probed) -> str | None:
    return found.skip.reason if found.skip else None


def test_a_film_that_can_be_sent_has_no_reason(tmp_path: Path) -> None:
    found = probed(film(sound=1), tmp_path)
    assert (found.film and found.film.length_ms, found.skip) == (1000, None)
    assert found.reads.count == 1


@pytest.mark.parametrize(
    "codec, container, options",
    [
        ("hevc", "mp4", {"codec": "libx265", "x265-params": "log-level=none"}),
        ("prores", "mov", {"codec": "prores_ks", "pixels": "yuv422p10le"}),
        ("mpeg4", "mp4", {"codec": "mpeg4"}),
        ("vp9", "mp4", {"codec": "libvpx-vp9"}),
        ("mjpeg", "mov", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    ],
)
def test_another_codec_is_not_sent_but_its_minutes_are_known(
    codec: str, container: str, options: dict[str, str], tmp_path: Path
) -> None:
    found = probed(film(container, **options), tmp_path)
    assert reason(found) == f"{Code.UNSUPPORTED_CODEC}: {codec}"
    assert found.film and found.film.length_ms == 1000


def test_an_encrypted_film_is_not_sent(tmp_path: Path) -> None:
    data = film().replace(b"avc1\0\0\0\0", b"encv\0\0\0\0")
    assert reason(probed(data, tmp_path)) == f"{Code.UNSUPPORTED_CODEC}: encrypted"


@pytest.mark.parametrize(
    "name, container, codec",
    [
        ("mkv", "matroska", "libx264"),
        ("mkv", "webm", "libvpx-vp9"),
        ("avi", "avi", "mpeg4"),
        ("wmv", "asf", "wmv2"),
        ("mpegts", "mpegts", "libx264"),
        ("flv", "flv", "libx264"),
        ("mpeg", "vob", "mpeg2video"),
    ],
)
def test_another_container_is_not_sent_whatever_its_name(name: str, container: str, codec: str, tmp_path: Path) -> None:
    found = probed(film(container, codec), tmp_path)
    assert (reason(found), found.film) == (f"{Code.UNSUPPORTED_CONTAINER}: {name}", None)


def test_a_camera_s_transport_stream_is_one_too(tmp_path: Path) -> None:
    packets = film("mpegts")
    timed = b"".join(b"\0\0\0\0" + packets[at : at + 188] for at in range(0, len(packets), 188))
    assert reason(probed(timed, tmp_path)) == f"{Code.UNSUPPORTED_CONTAINER}: mpegts"


@pytest.mark.parametrize("container", ["mp4", "ipod", "mov"])
def test_sound_alone_is_no_video(container: str, tmp_path: Path) -> None:
    assert reason(probed(film(container, "", sound=1), tmp_path)) == Code.NO_VIDEO


def test_a_picture_track_without_frames_is_no_video(tmp_path: Path) -> None:
    data = film(flags="faststart")
    for table, place in (("stts", 4), ("stsz", 8)):
        data = patched(data, table, place, bytes(4))
    assert reason(probed(data, tmp_path)) == Code.NO_VIDEO


def test_a_film_whose_frames_are_in_another_file_is_not_sent(tmp_path: Path) -> None:
    data = patched(film("mov"), "dref", 12, b"alis\0\0\0\0")
    assert reason(probed(data, tmp_path)) == f"{Code.UNSUPPORTED_CONTAINER}: reference"


def test_what_is_no_film_at_all(tmp_path: Path) -> None:
    assert reason(probed(b"", tmp_path)) == Code.EMPTY
    assert reason(probed(encoded(picture(), "JPEG"), tmp_path)) == f"{Code.NOT_A_VIDEO}: jpeg"
    assert reason(probed(encoded(picture(), "HEIF"), tmp_path)) == f"{Code.NOT_A_VIDEO}: heic"
    assert reason(probed(b"What the butler saw\n" * 50, tmp_path)) == Code.UNSUPPORTED_CONTAINER
    assert reason(probed(b"?", tmp_path)) == Code.UNSUPPORTED_CONTAINER


@pytest.mark.parametrize("flags", ["", "faststart", IN_FRAGMENTS, IN_FRAGMENTS + "+global_sidx"])
def test_a_film_that_lacks_its_end_is_truncated(flags: str, tmp_path: Path) -> None:
    data = film(frames=100, flags=flags, g="10")
    last = max(end for kind, _, end in outer(data) if kind == "mdat")
    for left in (last - 1, len(data) // 2, 40):
        assert reason(probed(data[:left], tmp_path)) == Code.TRUNCATED, left


def test_of_a_film_that_lacks_its_end_the_length_it_once_had_is_known(tmp_path: Path) -> None:
    found = probed(film(flags="faststart")[:-1], tmp_path)
    assert found.film and found.film.length_ms == 1000


@pytest.mark.parametrize("flags", ["", "faststart"])
def test_what_a_camera_adds_at_the_end_is_no_matter(flags: str, tmp_path: Path) -> None:
    for tail in (bytes(100), b"\xff" * 7, b"SEFT of some camera's own", box("free", b"x"), b"\x7f\xff\xff\xffwhat"):
        assert probed(film(flags=flags) + tail, tmp_path).skip is None


def test_a_recording_that_was_never_finished_is_truncated(tmp_path: Path) -> None:
    assert reason(probed(cut_out(film(), "moov"), tmp_path)) == Code.TRUNCATED


def test_more_than_six_hours_are_too_long(tmp_path: Path) -> None:
    found = probed(film(times=SEVEN_HOURS, rate=1), tmp_path)
    assert reason(found) == Code.TOO_LONG
    assert found.film and found.film.length_ms == found.film.unedited_ms
    assert (found.film.length_ms or 0) > 6 * 3_600_000


def test_more_than_ten_gigabytes_are_too_large_and_nothing_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)  # a hole
    found = Prober(lambda: None).probe(Item(0, str(path), "video"))
    assert (reason(found), found.reads) == (Code.TOO_LARGE, Reads())
    listed = Prober(boto3_of_nobody).probe(Item(0, "s3://archive/large.mp4", "video", MAX_BYTES + 1))
    assert (reason(listed), listed.reads) == (Code.TOO_LARGE, Reads())


def boto3_of_nobody() -> object:
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
    return session.client("s3", endpoint_url="http://127.0.0.1:9", region_name="us-east-1")


def test_ten_gigabytes_with_their_header_last_are_read_in_few_pieces(tmp_path: Path) -> None:
    small = film()
    start, end = next((start, end) for kind, start, end in outer(small) if kind == "free")[0], _end_of_media(small)
    moov = MAX_BYTES - (len(small) - end)
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.write(small[:start] + b"\0\0\0\1mdat" + (moov - start).to_bytes(8, "big"))
        file.seek(moov)  # a hole
        file.write(small[end:])
    found = Prober(lambda: None).probe(Item(0, str(path), "video"))
    assert (reason(found), found.reads.count) == (None, 2)
    assert found.film and (found.film.size, found.film.length_ms) == (MAX_BYTES, 1000)


def _end_of_media(data: bytes) -> int:
    return next(end for kind, _, end in outer(data) if kind == "mdat")


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    def of(uri: str, skip: str | None = None) -> Probed:
        return Prober(lambda: None).probe(Item(0, uri, "video", skip=skip))

    assert reason(of(str(tmp_path / "none.mp4"))) == Code.UNREADABLE
    assert reason(of(str(tmp_path))) == Code.UNREADABLE
    assert reason(of("https://example.org/film.mp4")) == Code.NOT_IN_S3
    assert reason(of("s3://archive/film.mp4", "archived: GLACIER")) == Code.ARCHIVED


def test_the_length_of_very_many_fragments_without_an_index_is_not_known(tmp_path: Path) -> None:
    data = film(frames=60, flags=IN_FRAGMENTS + "+skip_trailer", g="1")
    found = probed(far_apart(data), tmp_path)
    assert (found.film and found.film.length_ms, found.skip) == (None, None)
    assert found.reads.count == MAX_READS


def test_a_size_of_nothing_reaches_to_the_end(tmp_path: Path) -> None:
    data = film(flags="faststart")
    at = next(start for kind, start, _ in outer(data) if kind == "mdat")
    assert probed(data[:at] + bytes(4) + data[at + 4 :] + b"\xff" * 1000, tmp_path).skip is None


def test_a_header_compressed_as_in_the_nineties_is_not_read(tmp_path: Path) -> None:
    data = patched(film(), "mvhd", -4, b"cmov")
    assert reason(probed(data, tmp_path)) == Code.BROKEN
