"""What the models see in films, through boto3 and S3; films are made here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from botocore.exceptions import ClientError

from emulator.engine.films import Films
from emulator.engine.lengths import picture_ms
from emulator.errors import AwsError
from emulator.faces.face_collections import Collections
from emulator.faces.gallery import Gallery
from emulator.faces.indexes import Indexes
from emulator.models.cuts import Cuts
from emulator.operations.video import labels
from emulator.operations.video.segments import cuts, runs
from emulator.videos.kind import Known
from emulator.videos.store import JobStore
from rekscan.testing import Emulator, emulator
from tests.emulator import strict
from tests.emulator.conftest import S3Server
from tests.emulator.films import SIDE, bars, film, plain, shown, still
from tests.emulator.test_life import children
from tests.emulator.test_video_jobs import method, pages, wanted
from tests.emulator.types import Photo
from tests.support.films import ffmpeg
from tests.support.waiting import until

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def films(s3: S3Server, archive: Path) -> dict[str, bytes]:
    """In S3: a second each of Grace Hopper, a cat and a sign."""
    sign = cv2.imread(str(archive / "trouble" / "sign.png"))
    scenes = chain(shown("hopper.jpg", 25), shown("cat.jpg", 25), still(sign, 25))
    made = {"scenes.mp4": film(scenes)}
    for name, data in made.items():
        s3.client().put_object(Bucket=s3.bucket, Key=name, Body=data)
    return made


@pytest.fixture
def put(s3: S3Server) -> Callable[[str, bytes], None]:
    return lambda name, data: s3.client().put_object(Bucket=s3.bucket, Key=name, Body=data)


@pytest.fixture
def run(aws: Any) -> Run:
    """Start a job, wait for its end, read its first page."""

    def go(kind: str, key: str, get: dict[str, Any] | None = None, **more: Any) -> Any:
        job = method(aws, f"Start{kind}")(**wanted(key, **more))["JobId"]
        read = method(aws, f"Get{kind}")
        until(lambda: read(JobId=job)["JobStatus"] != "IN_PROGRESS", "the job is over", seconds=120)
        return read(JobId=job, **(get or {}))

    return go


def moments(items: list[dict[str, Any]]) -> list[int]:
    return sorted({item["Timestamp"] for item in items})


def test_labels_are_found_twice_a_second_in_the_frame_on_the_screen(
    run: Run, films: dict[str, bytes], models: Emulator
) -> None:
    answer = run("LabelDetection", "scenes.mp4")
    assert answer["JobStatus"] == "SUCCEEDED"
    assert answer["VideoMetadata"] == {
        "Codec": "h264", "DurationMillis": 3000, "Format": "QuickTime / MOV", "FrameRate": 25.0,
        "FrameHeight": SIDE[1], "FrameWidth": SIDE[0],
    }  # fmt: skip
    labels = answer["Labels"]
    assert set(moments(labels)) <= {0, 480, 1000, 1480, 2000, 2480}
    seen = {name: moments([item for item in labels if item["Label"]["Name"] == name]) for name in ("Person", "Cat")}
    assert seen == {"Person": [0, 480], "Cat": [1000, 1480]}
    person = next(item["Label"] for item in labels if item["Label"]["Name"] == "Person")
    assert person["Instances"][0]["BoundingBox"]["Height"] > 0.5
    assert "DominantColors" not in person["Instances"][0]
    assert models.counts()["meters"] == {"video-labels": 3000}


def test_a_job_is_read_as_segments_without_another_payment(run: Run, aws: Any, films: Any, models: Emulator) -> None:
    answer = run("LabelDetection", "scenes.mp4", {"AggregateBy": "SEGMENTS", "SortBy": "NAME"}, JobTag="segments")
    cat = next(item for item in answer["Labels"] if item["Label"]["Name"] == "Cat")
    assert (cat["StartTimestampMillis"], cat["EndTimestampMillis"], cat["DurationMillis"]) == (1000, 1480, 480)
    names = [item["Label"]["Name"] for item in answer["Labels"]]
    assert names == sorted(names)
    again = pages(aws, "GetLabelDetection", answer["JobId"], AggregateBy="SEGMENTS", SortBy="NAME", MaxResults=2)
    assert [item for page in again for item in page["Labels"]] == answer["Labels"]
    assert models.counts()["meters"] == {"video-labels": 3000}
    with pytest.raises(ClientError, match="InvalidPaginationToken"):
        aws.get_label_detection(JobId=answer["JobId"], NextToken=again[0]["NextToken"])


def test_filters_and_the_least_confidence_are_the_starts(run: Run, films: Any) -> None:
    general = {"GeneralLabels": {"LabelInclusionFilters": ["Cat"]}}
    only = run("LabelDetection", "scenes.mp4", MinConfidence=1, Settings=general)["Labels"]
    assert {item["Label"]["Name"] for item in only} == {"Cat"}


def test_moderation_scores_every_look_and_shows_what_is_sure_enough(run: Run, films: Any) -> None:
    every = run("ContentModeration", "scenes.mp4", MinConfidence=0)["ModerationLabels"]
    assert moments(every) == [0, 480, 1000, 1480, 2000, 2480]
    assert {item["ModerationLabel"]["Name"] for item in every} == {"Explicit", "Explicit Nudity"}
    assert run("ContentModeration", "scenes.mp4")["ModerationLabels"] == []


def test_faces_have_the_attributes_asked_for(run: Run, films: Any) -> None:
    plain_, full = (run("FaceDetection", "scenes.mp4", FaceAttributes=which)["Faces"] for which in ("DEFAULT", "ALL"))
    people = [item for item in plain_ if item["Timestamp"] < 1000]
    assert len(people) == 2
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(people[0]["Face"])
    assert {"AgeRange", "Gender", "Emotions", "Smile"} <= set(full[0]["Face"])
    assert moments(full) == moments(plain_)


def test_text_is_read_when_it_is_on_the_screen(run: Run, films: Any) -> None:
    found = run("TextDetection", "scenes.mp4")["TextDetections"]
    lines = [(item["Timestamp"], item["TextDetection"]["DetectedText"]) for item in found
             if item["TextDetection"]["Type"] == "LINE"]  # fmt: skip
    assert (2000, "CITY LIBRARY") in lines
    assert (2480, "CITY LIBRARY") in lines
    assert not [text for at, text in lines if text == "CITY LIBRARY" and at < 2000]


@pytest.fixture(scope="session")
def people(s3: S3Server) -> str:
    """In S3: half a second each of Obama, Hopper, Obama speaking, Hopper."""
    names = ("obama-portrait.jpg", "hopper.jpg", "obama-speech.jpg", "hopper.jpg")
    data = film(chain.from_iterable(shown(name, 10) for name in names), 20)
    s3.client().put_object(Bucket=s3.bucket, Key="people.mp4", Body=data)
    return "people.mp4"


def test_persons_of_a_collection_are_named_and_keep_their_index(
    run: Run, aws: Any, people: str, collection: str, photo: Photo
) -> None:
    aws.index_faces(CollectionId=collection, Image=photo("obama-portrait.jpg"), ExternalImageId="obama")
    answer = run("FaceSearch", people, {"SortBy": "INDEX"}, CollectionId=collection)
    found = [
        (
            item["Timestamp"],
            item["Person"]["Index"],
            [match["Face"]["ExternalImageId"] for match in item["FaceMatches"]],
        )
        for item in answer["Persons"]
    ]
    assert found == [(0, 0, ["obama"]), (1000, 0, ["obama"]), (500, 1, []), (1500, 1, [])]
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(answer["Persons"][0]["Person"]["Face"])
    strictest = run("FaceSearch", people, CollectionId=collection, FaceMatchThreshold=100)["Persons"]
    assert [item["Timestamp"] for item in strictest] == [0, 500, 1000, 1500]
    assert [item["FaceMatches"] for item in strictest[1:]] == [[], [], []]


def test_a_search_in_a_collection_that_is_not_there_is_refused(aws: Any, people: str) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*The collection id: nowhere does not exist"):
        aws.start_face_search(**wanted(people, CollectionId="nowhere"))


def test_people_of_the_gallery_are_celebrities(run: Run, people: str) -> None:
    answer = run("CelebrityRecognition", people, {"SortBy": "ID"})
    found = {(item["Celebrity"]["Name"], item["Timestamp"]) for item in answer["Celebrities"]}
    assert found == {("Barack Obama", 0), ("Barack Obama", 1000), ("Grace Hopper", 500), ("Grace Hopper", 1500)}
    ids = [item["Celebrity"]["Id"] for item in answer["Celebrities"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == 2


def spans(segments: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    def name(item: dict[str, Any]) -> Any:
        return item["ShotSegment"]["Index"] if item["Type"] == "SHOT" else item["TechnicalCueSegment"]["Type"]

    return [(name(item), item["StartFrameNumber"], item["EndFrameNumber"]) for item in segments]


def test_segments_are_found_to_the_frame(run: Run, put: Any) -> None:
    half = plain(30)
    half[:, : SIDE[0] * 3 // 4] = 120
    pictures = chain(
        repeat(bars(), 20), repeat(plain(0), 10), shown("hopper.jpg", 30), shown("cat.jpg", 20), repeat(half, 10)
    )
    put("cues.mp4", film(pictures, Fraction(30000, 1001)))
    answer = run("SegmentDetection", "cues.mp4", SegmentTypes=["TECHNICAL_CUE", "SHOT"])
    assert spans(answer["Segments"]) == [
        ("ColorBars", 0, 19), ("BlackFrames", 20, 29), ("Content", 30, 89),
        (0, 0, 19), (1, 20, 29), (2, 30, 59), (3, 60, 79), (4, 80, 89),
    ]  # fmt: skip
    assert [kind["Type"] for kind in answer["SelectedSegmentTypes"]] == ["TECHNICAL_CUE", "SHOT"]
    assert (answer["VideoMetadata"][0]["DurationMillis"], answer["AudioMetadata"]) == (3003, [])
    black = answer["Segments"][1]
    assert (black["StartTimestampMillis"], black["EndTimestampMillis"]) == (667, 1001)
    assert (black["StartTimecodeSMPTE"], black["DurationSMPTE"]) == ("00:00:00;20", "00:00:00;10")
    assert answer["Segments"][-1]["EndTimestampMillis"] == 3003
    # A quarter of the last frames is at 30 of 255: black enough, if little has to be.
    filters = {"TechnicalCueFilter": {"BlackFrame": {"MaxPixelThreshold": 0.3, "MinCoveragePercentage": 20}}}
    easy = run("SegmentDetection", "cues.mp4", SegmentTypes=["TECHNICAL_CUE"], Filters=filters)["Segments"]
    assert ("BlackFrames", 80, 89) in spans(easy)
    filters["TechnicalCueFilter"]["BlackFrame"]["MaxPixelThreshold"] = 0.1
    hard = run("SegmentDetection", "cues.mp4", SegmentTypes=["TECHNICAL_CUE"], Filters=filters)["Segments"]
    assert [name for name, _, last in spans(hard) if last == 89] == ["Content"]


def odd() -> Iterator[tuple[str, bytes]]:
    short = list(islice(repeat(plain(90)), 5))
    whole = film(short, flags="faststart")
    yield "hevc.mp4", film(short, codec="libx265")
    yield "part-2.mp4", film(short, codec="mpeg4")
    yield "h264.mkv", film(short, container="matroska")
    yield "text.mp4", b"not a film\n" * 20
    yield "empty.mp4", b""
    yield "cut.mp4", film(short)[:400]
    yield "headless.mp4", whole[:40]


def test_what_is_no_film_aws_takes_fails_after_its_start_and_costs_nothing(
    run: Run, put: Any, models: Emulator
) -> None:
    for name, data in odd():
        put(name, data)
        answer = run("LabelDetection", name)
        assert (answer["JobStatus"], answer["StatusMessage"]) == ("FAILED", "Unsupported codec/format."), name
    assert models.counts()["meters"] == {}


def test_a_film_that_is_not_there_is_refused_and_its_token_stays_free(aws: Any, put: Any) -> None:
    asked = wanted("later.mp4", ClientRequestToken="later")
    with pytest.raises(ClientError, match="InvalidS3ObjectException"):
        aws.start_content_moderation(**asked)
    put("later.mp4", film(repeat(plain(90), 3)))
    assert aws.start_content_moderation(**asked)["JobId"]


class Shelf:
    """A store of films that has one of this size."""

    def __init__(self, size: int) -> None:
        self._size = size

    async def size(self, place: dict[str, Any]) -> int:
        return self._size

    async def save(self, place: dict[str, Any], to: Path) -> None:
        raise AssertionError("nobody starts this film")


@pytest.mark.parametrize("more", [0, 1])
def test_a_film_over_ten_gigabytes_is_refused(more: int, tmp_path: Path) -> None:
    known = Known(Collections(":memory:"), Gallery())
    films = Films(JobStore(":memory:"), Shelf(10 * 1024**3 + more), known, tmp_path)

    async def ask() -> None:
        await films.check(labels.KIND, wanted("large.mp4"))

    refused = pytest.raises(AwsError, match="VideoTooLargeException") if more else contextlib.nullcontext()
    with refused:
        asyncio.run(ask())


@pytest.mark.parametrize(
    "made",
    [
        lambda: film(repeat(plain(90), 7), 25),
        lambda: film(repeat(plain(90), 1), 25),
        lambda: film(repeat(plain(90), 31), Fraction(30000, 1001), flags="faststart"),
        lambda: film(repeat(plain(90), 6), 10, times=[0, 1, 5, 6, 20, 33]),
        lambda: film(repeat(plain(90), 12), 24, container="mov"),
        lambda: film(repeat(plain(90), 9), 24, codec="mpeg4"),
    ],
)
def test_a_film_is_as_long_as_ffmpeg_says(made: Callable[[], bytes], tmp_path: Path) -> None:
    data = made()
    (tmp_path / "film").write_bytes(data)
    assert picture_ms(tmp_path / "film") == ffmpeg(data).ms


def test_a_film_in_fragments_is_measured_by_its_frames(run: Run, put: Any, tmp_path: Path) -> None:
    data = film(repeat(plain(90), 40), 20, flags="frag_keyframe+empty_moov")
    (tmp_path / "film").write_bytes(data)
    assert picture_ms(tmp_path / "film") is None
    put("fragments.mp4", data)
    assert run("ContentModeration", "fragments.mp4")["VideoMetadata"]["DurationMillis"] == 2000


def test_a_broken_header_has_no_length(tmp_path: Path) -> None:
    whole = film(repeat(plain(90), 3), flags="faststart")
    for place in range(0, 800, 3):
        (tmp_path / "film").write_bytes(whole[:place] + b"\xff" * 4 + whole[place + 4 :])
        length = picture_ms(tmp_path / "film")
        assert length is None or length >= 0


def test_a_cut_is_a_great_change_or_one_among_calm_frames() -> None:
    assert list(cuts([0, 1, 30, 1, 16, 2, 16, 10, 14, 0])) == [2, 4]
    assert list(runs("aabbbca")) == [(0, 1), (2, 4), (5, 5), (6, 6)]
    assert list(runs("")) == []


def test_a_share_of_black_pixels_is_measured_by_awss_rule() -> None:
    picture = plain(0)
    picture[:, : SIDE[0] // 2] = 52
    assert Cuts(0.2).look(picture, 0.0).dark == pytest.approx(50, abs=1)
    assert Cuts(52 / 255).look(picture, 0.0).dark == 100
    blue = plain(255, 0, 0)  # the eye sees little of it: luma 18
    assert Cuts(0.2).look(blue, 0.0).dark == 100
    assert Cuts(0.2).look(plain(0, 255, 0), 0.0).dark == 0


@pytest.mark.parametrize("noise", [0, 6])
def test_colour_bars_are_told_from_other_stripes(noise: int) -> None:
    grain = np.random.default_rng(1).integers(-noise, noise + 1, plain(0).shape)
    noisy = (bars() + grain).clip(0, 255).astype(np.uint8)
    assert Cuts(0.2).look(noisy, 0.0).bars
    assert not Cuts(0.2).look(np.ascontiguousarray(noisy[:, ::-1]), 0.0).bars
    assert not Cuts(0.2).look(plain(200), 0.0).bars


def test_a_face_keeps_its_number_by_place_and_then_by_likeness() -> None:
    indexes = Indexes()
    left, right, far = [0.1, 0.1, 0.2, 0.2], [0.6, 0.1, 0.2, 0.2], [0.1, 0.7, 0.2, 0.2]
    one, two, three = [0.0] * 4, [1.0] * 4, [0.0, 2.0, 0.0, 0.0]
    assert indexes.number(0, [left, right], [one, two]) == [0, 1]
    turned = [0.55, 0.0, 0.0, 0.0]  # not alike enough, but where it was
    assert indexes.number(500, [[0.12, 0.1, 0.2, 0.2], right], [turned, two]) == [0, 1]
    assert indexes.number(1000, [far, right], [two, three]) == [1, 2]  # after a cut, places say nothing
    assert indexes.number(5000, [right], [[0.5, 0.0, 0.0, 0.0]]) == [0]
    assert indexes.number(5500, [], []) == []


@pytest.fixture(scope="session")
def long_film(s3: S3Server, archive: Path) -> str:
    """Two seconds of text: enough to do for a while."""
    sign = cv2.imread(str(archive / "trouble" / "sign.png"))
    s3.client().put_object(Bucket=s3.bucket, Key="long.mp4", Body=film(still(sign, 50)))
    return "long.mp4"


def watching(pid: int) -> bool:
    """Whether this process has a film open."""
    links = (os.path.realpath(file) for file in Path(f"/proc/{pid}/fd").iterdir())
    return any(link.endswith(".film") for link in links)


def test_a_film_whose_process_dies_is_watched_again_while_pictures_go_on(
    aws: Any, models: Emulator, long_film: str, photo: Photo, run: Run
) -> None:
    job = aws.start_text_detection(**wanted(long_film))["JobId"]
    children_ = children(models.process.pid)
    busy = until(lambda: next((pid for pid in children_ if watching(pid)), None), "a process watches")
    os.kill(busy, signal.SIGKILL)
    assert len(aws.detect_faces(Image=photo("hopper.jpg"))["FaceDetails"]) == 1
    assert aws.get_text_detection(JobId=job)["JobStatus"] == "IN_PROGRESS"
    until(lambda: aws.get_text_detection(JobId=job)["JobStatus"] == "SUCCEEDED", "the job is over", seconds=120)
    found = aws.get_text_detection(JobId=job)["TextDetections"]
    assert moments(found) == [0, 480, 1000, 1480]
    assert len(found) == len({(item["Timestamp"], item["TextDetection"]["Id"]) for item in found})


def test_a_film_is_watched_again_after_the_server_was_killed(s3: S3Server, long_film: str, tmp_path: Path) -> None:
    options = ("--workers", "1", "--s3-endpoint-url", s3.url, "--data-dir", str(tmp_path))
    asked = wanted(long_film, ClientRequestToken="long")
    with emulator(*options) as running:
        client = strict.client(running.url)
        job = client.start_text_detection(**asked)["JobId"]
        until(lambda: any(watching(pid) for pid in children(running.process.pid)), "a process watches")
        assert client.get_text_detection(JobId=job)["JobStatus"] == "IN_PROGRESS"
        running.process.kill()
        running.process.wait(30)
    with emulator(*options) as running:
        client = strict.client(running.url)
        assert client.start_text_detection(**asked)["JobId"] == job
        until(lambda: client.get_text_detection(JobId=job)["JobStatus"] == "SUCCEEDED", "the job is over", seconds=120)
        assert len(moments(client.get_text_detection(JobId=job)["TextDetections"])) == 4
        assert running.counts()["meters"] == {"video-text": 2000}
    assert not list(tmp_path.glob("*.film"))
