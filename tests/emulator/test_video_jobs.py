"""Jobs of stored video: tokens, slots, clocks and pages, as values first, then through boto3 on the fixed engine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from emulator.engine.recorded_videos import length_ms
from emulator.errors import AwsError, OptionError
from emulator.operations import operation_of
from emulator.operations.video import KINDS, labels, segments
from emulator.operations.video.timecode import smpte
from emulator.server.behaviour import parse_fault
from emulator.videos.film import Film
from emulator.videos.order import Order, arrange
from emulator.videos.pace import Pace, parse_pace
from emulator.videos.page_tokens import PageTokens
from emulator.videos.store import JobStore
from rekscan.testing import Emulator, emulator
from tests.emulator import raw, strict
from tests.support.waiting import until

DAY = 24 * 3600.0


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


def wanted(key: str = "film-90s.mp4", **more: Any) -> dict[str, Any]:
    return {"Video": {"S3Object": {"Bucket": "archive", "Name": key}}, **more}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> JobStore:
    return JobStore(":memory:", slots=2, pace=Pace(10.0, 60.0), now=clock)


def start(store: JobStore, request: dict[str, Any], ms: int = 60_000) -> str:
    job, new = store.open(labels.KIND, request)
    if new:
        store.succeed(job, Film(ms, 25.0, 64, 48))
    return job.id


def test_a_token_stands_for_one_job_for_seven_days(store: JobStore, clock: Clock) -> None:
    first = start(store, wanted(ClientRequestToken="t", MinConfidence=50))
    assert re.fullmatch("[0-9a-f]{64}", first)
    clock.time += 7 * DAY - 1
    assert store.known(labels.KIND, wanted(MinConfidence=50, ClientRequestToken="t")) == first
    with pytest.raises(AwsError, match="IdempotentParameterMismatchException: The ClientRequestToken: t you have"):
        store.known(labels.KIND, wanted(ClientRequestToken="t", MinConfidence=51))
    assert store.known(segments.KIND, wanted(ClientRequestToken="t")) is None
    clock.time += 1
    assert store.known(labels.KIND, wanted(ClientRequestToken="t", MinConfidence=50)) is None
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        store.job(labels.KIND, first)
    start(store, wanted(ClientRequestToken="t", MinConfidence=51))


def test_a_job_holds_its_slot_until_its_time_is_over(store: JobStore, clock: Clock) -> None:
    first = start(store, wanted(), ms=30_000)  # 10 s, and 30 for half a minute of film
    start(store, wanted("other.mp4"), ms=60_000)
    with pytest.raises(AwsError) as refused:
        store.open(labels.KIND, wanted("third.mp4"))
    assert refused.value.code == "LimitExceededException"
    assert re.search(r"^2 open Jobs for User arn:aws:iam::\d{12}:user/emulator Maximum limit: 2", refused.value.message)
    clock.time += 39.9
    assert store.job(labels.KIND, first).state(clock.time) == "IN_PROGRESS"
    clock.time += 0.1
    assert store.job(labels.KIND, first).state(clock.time) == "SUCCEEDED"
    start(store, wanted("third.mp4"))


def test_what_a_job_costs_counts_when_it_has_succeeded(store: JobStore, clock: Clock) -> None:
    start(store, wanted(ClientRequestToken="t"))
    start(store, wanted(ClientRequestToken="t"))
    failed, _ = store.open(segments.KIND, wanted(SegmentTypes=["SHOT"]))
    store.fail(failed, "Unsupported codec/format.")
    assert store.billed() == ({}, {})
    clock.time += 70
    both, _ = store.open(segments.KIND, wanted(SegmentTypes=["SHOT", "TECHNICAL_CUE"]))
    store.succeed(both, Film(90_000, 25.0, 64, 48))
    clock.time += 100
    assert store.billed() == (
        {
            "StartLabelDetection": {"s3://archive/film-90s.mp4": 1},
            "StartSegmentDetection": {"s3://archive/film-90s.mp4": 1},
        },
        {"video-labels": 60_000, "video-segments-shot": 90_000, "video-segments-technical-cue": 90_000},
    )
    store.forget()
    assert store.billed() == ({}, {})


def test_a_page_token_is_of_one_job_one_order_and_one_day() -> None:
    tokens, order = PageTokens(b"secret"), Order(by_name=True)
    token = tokens.make("job", order, 2000, 100.0)
    assert len(token) <= 255
    assert tokens.offset(None, "job", order, 100.0) == 0
    assert tokens.offset(token, "job", order, 100.0 + DAY) == 2000
    forged = ("7d1" + token[3:], token[:-1], "", "2", "ü", "-", token.replace("-", ""))
    for given_, job, other, now in (
        (token, "other", order, 100.0),
        (token, "job", Order(), 100.0),
        (token, "job", order, 101.5 + DAY),
        *((text, "job", order, 100.0) for text in forged),
    ):
        with pytest.raises(AwsError, match="InvalidPaginationTokenException"):
            tokens.offset(given_, job, other, now)


def label(at: int, name: str, confidence: float = 60.0) -> dict[str, Any]:
    return {"Timestamp": at, "Label": {"Name": name, "Confidence": confidence, "Instances": [{}], "Parents": []}}


def test_neighbouring_moments_are_one_segment_as_sure_as_the_surest() -> None:
    seen = [
        label(0, "Cat", 70),
        label(500, "Cat", 90),
        label(500, "Dog"),
        label(1500, "Cat", 80),  # one look missed it
        label(3000, "Cat", 60),  # two did
        label(4600, "Dog"),
    ]
    found = arrange(labels.KIND, seen, Order(segments=True), 5000, 500)
    times = [(item["Label"]["Name"], item["StartTimestampMillis"], item["EndTimestampMillis"]) for item in found]
    assert times == [("Cat", 0, 1500), ("Dog", 500, 500), ("Cat", 3000, 3000), ("Dog", 4600, 5000)]
    assert [item["Label"]["Confidence"] for item in found] == [90, 60, 60, 60]
    assert all("Instances" not in item["Label"] for item in found)
    assert all(item["Timestamp"] == item["StartTimestampMillis"] for item in found)
    assert [item["DurationMillis"] for item in found] == [1500, 0, 0, 400]
    by_name = arrange(labels.KIND, seen, Order(by_name=True), 5000, 500)
    assert [(item["Label"]["Name"], item["Timestamp"]) for item in by_name] == [
        *(("Cat", at) for at in (500, 1500, 0, 3000)),  # the surest first
        ("Dog", 500),
        ("Dog", 4600),
    ]


@given(
    st.integers(0, 6 * 3600 * 60), st.sampled_from([24.0, 25.0, 29.97, 30.0, 30000 / 1001, 60000 / 1001, 50.0, 120.0])
)
def test_a_timecode_keeps_to_the_clock(frame: int, fps: float) -> None:
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", smpte(frame, fps)))
    assert frames < round(fps)
    said = hours * 3600 + minutes * 60 + seconds + frames / round(fps)
    slow = abs(fps - 24) < 0.5  # 23.976 has no dropped numbers; 24 itself is right
    assert abs(said - frame / fps) < (0.2 if not slow else 0.001)


@pytest.mark.parametrize(
    ("frame", "fps", "code"),
    [
        (0, 25.0, "00:00:00:00"),
        (90_000, 25.0, "01:00:00:00"),
        (1799, 30000 / 1001, "00:00:59;29"),
        (1800, 30000 / 1001, "00:01:00;02"),
        (17_982, 30000 / 1001, "00:10:00;00"),
        (3600, 60000 / 1001, "00:01:00;04"),
        (1800, 30.0, "00:01:00:00"),
    ],
)
def test_timecodes_are_smptes(frame: int, fps: float, code: str) -> None:
    assert smpte(frame, fps) == code


@pytest.mark.parametrize(
    ("key", "ms"),
    [("a/film-90s.mp4", 90_000), ("x-1500ms.mov", 1500), ("x-1.5min.mp4", 90_000), ("6-2h.mp4", 7_200_000),
     ("film.mp4", 60_000), ("take-90.mp4", 60_000), ("zero-0s.mp4", 1)],
)  # fmt: skip
def test_a_recorded_film_is_as_long_as_its_name_says(key: str, ms: int) -> None:
    assert length_ms(key) == ms


def test_latencies_of_jobs_are_read() -> None:
    assert [parse_pace(text) for text in (None, "20s", "500ms+0.1s/min", "20s + 6s/min")] == [
        Pace(), Pace(20.0), Pace(0.5, 0.1), Pace(20.0, 6.0)
    ]  # fmt: skip
    for text in ("20", "6s/min", "soon", "20s+6s"):
        with pytest.raises(OptionError, match="write 20s"):
            parse_pace(text)


def test_a_job_to_fail_is_a_fault_of_starts_alone() -> None:
    fault = parse_fault("*:fail:2", operation_of)
    assert not fault.hits("GetLabelDetection", "", 0.0)
    assert [fault.hits("StartLabelDetection", "", 0.0) for _ in range(3)] == [True, True, False]
    assert fault.message == "Unsupported codec/format."
    assert parse_fault("video-text:fail=Broken at 3 s:@x.mp4", operation_of).message == "Broken at 3 s"


@pytest.fixture(scope="module")
def served() -> Any:
    with emulator("--engine", "fixed") as running:
        yield running


@pytest.fixture
def client(served: Emulator) -> Any:
    served.reset()
    yield strict.client(served.url)
    served.set_faults()


NEEDS: dict[str, dict[str, Any]] = {
    "FaceSearch": {"CollectionId": "people"},
    "SegmentDetection": {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
}


def method(client: Any, name: str) -> Callable[..., Any]:
    return getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())  # type: ignore[no-any-return]


def pages(client: Any, operation: str, job: str, **order: Any) -> list[dict[str, Any]]:
    read = [method(client, operation)(JobId=job, **order)]
    while "NextToken" in read[-1]:
        read.append(method(client, operation)(JobId=job, NextToken=read[-1]["NextToken"], **order))
    return read


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.short)
def test_every_kind_is_started_read_to_the_end_and_billed_by_its_length(
    client: Any, served: Emulator, kind: Any
) -> None:
    token = hashlib.sha256(kind.short.encode()).hexdigest()
    asked = wanted(f"{kind.short}-2min.mp4", ClientRequestToken=token, JobTag=token, **NEEDS.get(kind.subject, {}))
    jobs = {method(client, kind.start)(**asked)["JobId"] for _ in range(2)}
    assert len(jobs) == 1
    read = pages(client, kind.get, jobs.pop(), MaxResults=50)
    metadata = read[0]["VideoMetadata"]
    assert (metadata[0] if kind.lists_metadata else metadata)["DurationMillis"] == 120_000
    assert {page["JobStatus"] for page in read} == {"SUCCEEDED"}
    assert {page["JobTag"] for page in read} == {token}
    assert all(page["VideoMetadata"] == metadata for page in read)
    items = [item for page in read for item in page[kind.results]]
    assert len(items) == sum(len(page[kind.results]) for page in read) >= 25
    assert all(len(page[kind.results]) == 50 for page in read[:-1])
    counts = served.counts()
    assert counts["billed"] == {kind.start: {f"s3://archive/{kind.short}-2min.mp4": 1}}
    assert counts["meters"] == dict.fromkeys(kind.billed(asked), 120_000)
    if kind is not segments.KIND:
        moments = [item["Timestamp"] for item in items]
        assert moments == sorted(moments)
        assert sorted(set(moments)) == list(range(0, 120_000, 500))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.sort], ids=lambda kind: kind.short)
def test_one_job_is_read_in_every_order(client: Any, kind: Any) -> None:
    job = method(client, kind.start)(**wanted("orders-10s.mp4", **NEEDS.get(kind.subject, {})))["JobId"]
    by_time, by_name = (
        [item for page in pages(client, kind.get, job, MaxResults=7, **order) for item in page[kind.results]]
        for order in ({}, {"SortBy": kind.sort})
    )
    keys = [item[kind.member][kind.key] for item in by_name]
    assert keys == sorted(keys)
    assert sorted(by_time, key=lambda item: item[kind.member][kind.key]) == by_name
    if kind.aggregates:
        merged = method(client, kind.get)(JobId=job, AggregateBy="SEGMENTS")
        assert merged["GetRequestMetadata"] == {"SortBy": "TIMESTAMP", "AggregateBy": "SEGMENTS"}
        spans = {(item["StartTimestampMillis"], item["EndTimestampMillis"]) for item in merged[kind.results]}
        assert spans == {(0, 10_000)}
        assert len(merged[kind.results]) == len({item[kind.member]["Name"] for item in by_time})


def test_a_page_token_for_another_order_is_refused(client: Any) -> None:
    job = client.start_label_detection(**wanted())["JobId"]
    token = client.get_label_detection(JobId=job, MaxResults=1)["NextToken"]
    assert client.get_label_detection(JobId=job, NextToken=token, MaxResults=5000)["Labels"]
    with pytest.raises(ClientError, match="InvalidPaginationTokenException"):
        client.get_label_detection(JobId=job, NextToken=token, SortBy="NAME")


def test_a_token_used_for_something_else_is_refused_and_costs_nothing(client: Any, served: Emulator) -> None:
    client.start_text_detection(**wanted("first-1s.mp4", ClientRequestToken="taken"))
    for other in (wanted("second-1s.mp4"), wanted("first-1s.mp4", JobTag="x")):
        with pytest.raises(ClientError) as refused:
            client.start_text_detection(**other, ClientRequestToken="taken")
        error = refused.value.response["Error"]
        assert error["Code"] == "IdempotentParameterMismatchException"
        assert error["Message"] == "The ClientRequestToken: taken you have supplied is already in use."
    assert served.counts()["meters"] == {"video-text": 1000}


def test_a_job_of_another_kind_or_of_nobody_is_not_found(client: Any) -> None:
    job = client.start_label_detection(**wanted())["JobId"]
    for other in (client.get_text_detection, client.get_face_detection):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            other(JobId=job)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_label_detection(JobId="0" * 64)


def test_a_job_that_is_to_fail_starts_fails_and_costs_nothing(client: Any, served: Emulator) -> None:
    served.set_faults("video-labels:fail:@bad", "video-faces:fail=Odd.:1", "*:500:@worse")
    bad = client.start_label_detection(**wanted("bad.mp4", ClientRequestToken="bad"))["JobId"]
    assert bad == client.start_label_detection(**wanted("bad.mp4", ClientRequestToken="bad"))["JobId"]
    answer = client.get_label_detection(JobId=bad)
    assert (answer["JobStatus"], answer["StatusMessage"]) == ("FAILED", "Unsupported codec/format.")
    assert "VideoMetadata" not in answer
    odd, fine = (client.start_face_detection(**wanted(f"{name}-1s.mp4"))["JobId"] for name in ("odd", "fine"))
    assert client.get_face_detection(JobId=odd)["StatusMessage"] == "Odd."
    assert client.get_face_detection(JobId=fine)["JobStatus"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="InternalServerError"):
        client.start_label_detection(**wanted("worse.mp4"))
    assert served.counts()["meters"] == {"video-faces": 1000}


def test_a_start_whose_answer_was_lost_was_a_start(client: Any, served: Emulator) -> None:
    served.set_faults("video-labels:reset:1")
    asked = wanted("lost-1s.mp4", ClientRequestToken="lost")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        raw.post(served.url, "StartLabelDetection", asked)
    before = len(raw.get(f"{served.url}/admin/videos").document["jobs"])
    client.start_label_detection(**asked)
    assert len(raw.get(f"{served.url}/admin/videos").document["jobs"]) == before
    assert served.counts()["meters"] == {"video-labels": 1000}


def test_open_jobs_say_nothing_of_the_film_and_a_full_house_refuses() -> None:
    with emulator("--engine", "fixed", "--video-latency", "30s+30s/min", "--video-jobs", "2") as running:
        client = strict.client(running.url)
        job = client.start_label_detection(**wanted("a.mp4", ClientRequestToken="a"))["JobId"]
        client.start_text_detection(**wanted("b.mp4"))
        answer = client.get_label_detection(JobId=job)
        assert answer["JobStatus"] == "IN_PROGRESS"
        assert not {"VideoMetadata", "Labels", "NextToken"} & set(answer)
        with pytest.raises(ClientError, match=r"2 open Jobs for User .* Maximum limit: 2"):
            client.start_face_detection(**wanted("c.mp4"))
        assert client.start_label_detection(**wanted("a.mp4", ClientRequestToken="a"))["JobId"] == job
        listed = raw.get(f"{running.url}/admin/videos").document["jobs"]
        assert [round(each["ends"] - each["started"]) for each in listed] == [60, 60]
        assert {each["status"] for each in listed} == {"IN_PROGRESS"}
        assert running.counts()["meters"] == {}


def test_jobs_tokens_and_page_tokens_outlive_the_emulator(tmp_path: Path) -> None:
    options = ("--engine", "fixed", "--data-dir", str(tmp_path), "--video-latency", "300ms")
    asked = wanted("kept-10s.mp4", ClientRequestToken="kept")
    with emulator(*options) as running:
        client = strict.client(running.url)
        job = client.start_label_detection(**asked)["JobId"]
        until(lambda: client.get_label_detection(JobId=job)["JobStatus"] == "SUCCEEDED", "the job is over")
        first = client.get_label_detection(JobId=job, MaxResults=9)
        running.process.kill()
        running.process.wait(30)
    with emulator(*options) as running:
        client = strict.client(running.url)
        assert client.start_label_detection(**asked)["JobId"] == job
        second = client.get_label_detection(JobId=job, NextToken=first["NextToken"])
        whole = client.get_label_detection(JobId=job)
        assert first["Labels"] + second["Labels"] == whole["Labels"]
        assert running.counts()["meters"] == {}
