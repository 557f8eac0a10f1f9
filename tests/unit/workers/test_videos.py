"""Tokens and rows of films: pure."""

import errno
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jobs.attempts import NONE
from jobs.errors import RekscanError
from jobs.folder.films import FilmItem
from jobs.known.question import Question, is_over
from jobs.ledger import Start
from workers.videos.desk import told
from workers.videos.rows import Subject, counters_of, metadata, whole

FILM = FilmItem(7, "s3://archive/a film.mp4", 1000, "etag:abc", 61_234, 61_234, "mp4", "h264", 64, 48)
ASKED = Question("123456789012", "us-east-1", "StartLabelDetection", FILM, {"MinConfidence": 50.0}, 0)
START = Start("?", "2026-11", 61_234, 0, ASKED.token, 1_764_300_000_000, "job")
DAY = 24 * 3600 * 1000


def test_a_token_is_64_digits_of_all_that_an_answer_depends_on() -> None:
    assert len(ASKED.token) == 64 and int(ASKED.token, 16) >= 0
    others = [
        replace(ASKED, account="123456789013"),
        replace(ASKED, region="eu-west-1"),
        replace(ASKED, operation="StartContentModeration"),
        replace(ASKED, arguments={"MinConfidence": 51.0}),
        replace(ASKED, epoch=1),
        replace(ASKED, film=replace(FILM, uri="s3://archive/another.mp4")),
        replace(ASKED, film=replace(FILM, content="etag:abd")),
        replace(ASKED, film=replace(FILM, content="version:abc")),
    ]
    assert len({one.token for one in [ASKED, *others]}) == len(others) + 1


def test_a_token_knows_nothing_of_who_asks() -> None:
    """Another job of another home has the film at another place, and has looked at it in another way."""
    same = replace(FILM, item_id=99, length_ms=None, priced_ms=21_600_000, fps=25.0, audio="aac")
    assert replace(ASKED, film=same, arguments=dict(ASKED.arguments)).token == ASKED.token


def test_a_start_names_the_version_and_says_its_token_twice() -> None:
    versioned = replace(ASKED, film=replace(FILM, content="version:v1"))
    assert versioned.start["Video"] == {"S3Object": {"Bucket": "archive", "Name": "a film.mp4", "Version": "v1"}}
    assert "Version" not in ASKED.start["Video"]["S3Object"]
    assert ASKED.start["ClientRequestToken"] == ASKED.start["JobTag"] == ASKED.token


def test_a_token_is_not_sent_again_shortly_before_its_seven_days_are_over() -> None:
    assert [is_over(0, age) for age in (0, 6 * DAY, 7 * DAY - 601_000, 7 * DAY - 599_000, 8 * DAY)] == [
        False, False, False, True, True,
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["?", "b", "n", "m"]), min_size=1, max_size=5))
def test_whoever_tells_of_a_start_it_is_one_attempt(marks: list[str]) -> None:
    union = NONE
    for mark in marks:
        union |= replace(START, mark=mark).attempts  # type: ignore[arg-type]
    assert len(union) == 1
    assert (union.units, union.maybe_billed) == ((1, 0) if "b" in marks else (0, int("n" not in marks)))


def test_a_row_says_what_aws_billed_beside_what_was_probed() -> None:
    paid = replace(START, mark="b", ms=61_300)
    row = Subject(FILM, "video-labels").answered(
        paid, {"FrameWidth": 640, "FrameHeight": 480}, "3.0", START.began + 900
    )
    assert (row.ms, row.probed_ms, row.units, row.maybe_billed) == (61_300, 61_234, 1, 0)
    assert (row.video_job, row.epoch, row.latency_ms, row.width, row.height) == ("job", 0, 900, 640, 480)
    assert counters_of(row) == {"ok:video-labels": 1, "probed_ms:video-labels": 61_234, "minutes_up:video-labels": 2}
    failed = Subject(FILM, "video-labels").failed("video-failed", "\ud800 odd", replace(START, mark="n"))
    assert (failed.units, failed.maybe_billed, failed.message) == (0, 0, "\\ud800 odd")


def test_numbers_of_aws_that_no_row_can_hold_are_left_out() -> None:
    odd = {"FrameWidth": 2**31, "FrameHeight": -1}
    row = Subject(FILM, "video-labels").answered(replace(START, mark="b"), odd, "\ud800", START.began)
    assert (row.width, row.height, row.model_version) == (64, 48, "\\ud800")
    assert [whole(number, 5) for number in (5, 6, -1, True, 1.5, "5", None, 2**70)] == [5, *[None] * 7]


def test_an_error_of_this_program_or_machine_is_told_as_what_it_is() -> None:
    assert told(10**9, KeyError("Labels")) == (
        "shard 1000000000, of films, fails again and again: KeyError: 'Labels'",
        "Please report this as a bug.",
    )
    assert "disk" in told(10**9, OSError(errno.EIO, "no"))[1]
    assert told(10**9, RekscanError("The bucket is gone", "Make it."))[1] == "Make it. Then resume the job."


def test_metadata_is_found_in_a_list_too() -> None:
    assert metadata({"VideoMetadata": [{"DurationMillis": 5}]}) == {"DurationMillis": 5}
    assert metadata({"VideoMetadata": {"DurationMillis": 6}}) == {"DurationMillis": 6}
    assert metadata({}) == metadata({"VideoMetadata": []}) == {}
