"""An archive of 40 films, good and bad, and three video APIs: a scan whose worker is killed in the middle ends as one
that nobody disturbs, and pays for each start once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from jobs.ledger.keys import key
from tests.support.film_scans import calls, film_rows, scan_of, starts
from tests.support.films import box, ffmpeg, film
from tests.support.pictures import encoded, picture
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, Tables, emulator, left_in_redis, look, same_tables, tables
from tests.support.waiting import until

APIS = ("video-labels", "video-faces", "video-segments")
IN_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
SHAPES: tuple[dict[str, Any], ...] = (
    {"flags": "faststart"},
    {"container": "mov", "frames": 31, "rate": 30},
    {"flags": IN_FRAGMENTS + "+global_sidx", "frames": 20, "g": "5"},
    {"flags": IN_FRAGMENTS, "frames": 20, "g": "5"},
    {"times": [0, 40, 90, 1000, 1337], "base": Fraction(1, 1000)},
    {"frames": 1},
    {"frames": 30, "sound": 2},
    {"frames": 53, "rate": 24},
)
PACE = ("--video-jobs", "12", "--video-latency", "300ms")
GOOD = 32  # films that can be sent
UNANSWERED = 3  # starts whose answer is under way when the worker is killed
FAILED = "archive/2019/film-07"  # AWS ends its labels without an answer


@dataclass(frozen=True, slots=True)
class Archive:
    """By key. The recording emulator takes a film to be as long as its name says: as FFmpeg does, here."""

    films: dict[str, bytes]
    lengths: dict[str, int]


@pytest.fixture(scope="module")
def archive() -> Archive:
    kinds = [film(**shape) for shape in SHAPES]
    films, lengths = dict(bad()), {}
    for number in range(GOOD):
        data = kinds[number % len(kinds)]
        key = f"archive/{2019 + number // 16}/film-{number:02}-{ffmpeg(data).ms}ms.mp4"
        films[key], lengths[key] = data + box("free", bytes([number])), ffmpeg(data).ms
    assert len(films) == 40
    return Archive(films, lengths)


def bad() -> dict[str, bytes]:
    whole = film(flags="faststart")
    return {
        "archive/bad/hevc.mp4": film(codec="libx265", frames=5, **{"x265-params": "log-level=none"}),
        "archive/bad/old.mp4": film(codec="mpeg4"),
        "archive/bad/web.mkv": film("matroska"),
        "archive/bad/spoken.mp4": film(codec="", sound=1),
        "archive/bad/cut.mp4": whole[:-1],
        "archive/bad/empty.mp4": b"",
        "archive/bad/long.mp4": film(times=[number * 420 for number in range(61)], rate=1),
        "archive/bad/photo.mp4": encoded(picture(), "JPEG"),
    }


SKIPPED = {
    "hevc.mp4": "unsupported-codec: hevc",
    "old.mp4": "unsupported-codec: mpeg4",
    "web.mkv": "unsupported-container: mkv",
    "spoken.mp4": "no-video",
    "cut.mp4": "truncated",
    "empty.mp4": "empty",
    "long.mp4": "too-long",
    "photo.mp4": "not-a-video: jpeg",
}


@pytest.fixture(scope="module")
def s3(archive: Archive) -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("films", archive.films)
        yield server


def scanned(home: Path, s3: S3Server, rekognition: Emulator, *faults: str) -> Scan:
    rekognition.set_faults(f"StartLabelDetection:fail=Odd Ärger.:@{FAILED}", *faults)
    return scan_of(home, "s3://films/archive/", ",".join(APIS), s3, rekognition, "--video-jobs", "12")


def is_whole(found: Tables, status: dict[str, Any], archive: Archive, rekognition: Emulator) -> None:
    """Nothing is missing, nothing is paid twice, and every millisecond is accounted for."""
    assert status["state"] == "finished", status
    counts, all_of = status["calls"], GOOD * len(APIS)
    assert counts["planned"] == counts["ok"] + counts["skipped"] + counts["failed"] == all_of
    assert calls(status) == {api: (GOOD, GOOD - fails, 0, fails) for api, fails in zip(APIS, (1, 0, 0), strict=True)}
    skips = {row["uri"].rpartition("/")[2]: row["reason"] for row in found.rows("videos") if row["status"] == "skipped"}
    assert skips == SKIPPED
    assert Counter(starts(rekognition).values()) == {1: all_of - 1}
    rows = film_rows(found)
    assert all(row["ms"] == row["probed_ms"] for row in rows if row["outcome"] == "ok")
    assert {row["maybe_billed"] for row in rows} == {0}
    [failed] = [row for row in rows if row["outcome"] == "failed"]
    assert (found.folder / "reports" / "report.html").exists()
    assert (failed["code"], failed["message"], failed["units"]) == ("video-failed", "Odd Ärger.", 0)
    unpaid = next(ms for name, ms in archive.lengths.items() if name.startswith(FAILED))
    lines = look("costs", "last", home=found.folder.parent)["lines"]
    assert {line["meter"] for line in lines} == set(rekognition.meters())
    for line in lines:
        planned, actual = (round(float(line[side]["units"]) * 60_000) for side in ("planned", "actual"))
        assert planned == sum(archive.lengths.values())
        assert actual == planned - (unpaid if line["api"] == "video-labels" else 0)
        assert actual == rekognition.meters()[line["meter"]]


@pytest.fixture(scope="module")
def undisturbed(archive: Archive, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory = tmp_path_factory.mktemp("undisturbed")
    with emulator(directory, *PACE) as rekognition:
        status = scanned(directory / "home", s3, rekognition).status()
        found = tables(directory / "home")
        is_whole(found, status, archive, rekognition)
    return found


def test_an_archive_whose_worker_is_killed_ends_as_if_nothing_had_been_each_start_paid_once(
    archive: Archive, s3: S3Server, undisturbed: Tables, tmp_path: Path
) -> None:
    with emulator(tmp_path, *PACE) as rekognition:
        scan = scanned(tmp_path / "home", s3, rekognition, f"StartSegmentDetection:hang:{UNANSWERED}")
        until(lambda: len(starts(rekognition)) > GOOD, "a third of the answers is there")
        scan.kill_worker()
        assert len(starts(rekognition)) < 2 * GOOD  # in the middle
        status = scan.status()
        found = tables(tmp_path / "home")
        is_whole(found, status, archive, rekognition)
    same_tables(found, undisturbed, "videos", "video_labels", "video_faces", "video_segments")
    assert left_in_redis(tmp_path / "home") <= {key(status["job"])}
