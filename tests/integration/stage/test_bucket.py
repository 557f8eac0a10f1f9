"""A stage in a real S3 server: what is uploaded, what is deleted, and what is never touched."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.errors import UsageError
from jobs.folder.films import FilmItem, pinned
from jobs.money.staging import PART
from jobs.stage.bucket import Placed, Replaced, StageBucket, Stopped
from jobs.stage.names import Note, Stage
from tests.support.s3_server import S3Server, s3_server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def stage(s3: S3Server) -> StageBucket:
    bucket = s3.bucket(f"stage-{uuid4().hex}", {"to/holiday.mp4": b"somebody's own"})
    return StageBucket(Stage.parse(f"s3://{bucket}/to"), s3.client())


def film(path: Path, data: bytes, item: int = 7) -> FilmItem:
    path.write_bytes(data)
    return FilmItem(item, str(path), len(data), pinned(str(path)), 1000, 1000, "mp4", "h264")


def keys(stage: StageBucket) -> list[str]:
    found = stage.client.list_objects_v2(Bucket=stage.stage.bucket).get("Contents", [])
    return [one["Key"] for one in found if one["Key"] != "to/holiday.mp4"]


def never() -> bool:
    return False


def test_a_film_is_there_under_its_content_until_nobody_needs_it(stage: StageBucket, tmp_path: Path) -> None:
    data = b"a film"
    key = stage.place(film(tmp_path / "a.mp4", data), "job", None, never).key
    assert key == f"to/{sha256(data).hexdigest()}.mp4"
    assert stage.client.get_object(Bucket=stage.stage.bucket, Key=key)["Body"].read() == data
    other = Note(stage.place(film(tmp_path / "b.mp4", data, 8), "another", None, never).key, "another", 8)
    assert (other.key, list(stage.notes("job")), list(stage.notes("another"))) == (key, [7], [8])
    stage.leave(Note(key, "job", 7))
    assert keys(stage) == [key, other.name]
    stage.leave(other)
    assert keys(stage) == []
    stage.leave(other)  # again, as after a kill
    assert stage.client.get_object(Bucket=stage.stage.bucket, Key="to/holiday.mp4")["Body"].read() == b"somebody's own"


def test_a_large_film_goes_in_parts_and_is_not_uploaded_again(stage: StageBucket, tmp_path: Path) -> None:
    large = film(tmp_path / "a.mp4", os.urandom(PART + 5))
    key = stage.place(large, "job", None, never).key
    head: dict[str, Any] = stage.client.head_object(Bucket=stage.stage.bucket, Key=key)
    assert (head["ContentLength"], head["ETag"].strip('"').rpartition("-")[2]) == (PART + 5, "2")
    assert stage.place(large, "job", None, never) == stage.place(large, "job", key, never) == Placed(key)
    assert stage.client.head_object(Bucket=stage.stage.bucket, Key=key)["LastModified"] == head["LastModified"]


def test_an_object_that_somebody_else_put_there_is_used_and_left(stage: StageBucket, tmp_path: Path) -> None:
    data = b"theirs"
    theirs = f"to/{sha256(data).hexdigest()}.mp4"
    stage.client.put_object(Bucket=stage.stage.bucket, Key=theirs, Body=data)
    assert stage.place(film(tmp_path / "a.mp4", data), "job", None, never).key == theirs
    stage.leave(Note(theirs, "job", 7))
    assert keys(stage) == [theirs]


def test_in_a_bucket_with_versions_the_one_that_came_is_deleted(stage: StageBucket, tmp_path: Path) -> None:
    bucket = stage.stage.bucket
    stage.client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key = stage.place(film(tmp_path / "a.mp4", b"a film"), "job", None, never).key
    stage.leave(Note(key, "job", 7))
    found = stage.client.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    assert [one["Key"] for one in found if one["Key"] == key] == []


def test_a_file_that_is_another_one_by_now_is_not_uploaded(stage: StageBucket, tmp_path: Path) -> None:
    listed = film(tmp_path / "a.mp4", b"a film")
    film(tmp_path / "a.mp4", b"another film")
    with pytest.raises(Replaced):
        stage.place(listed, "job", None, never)
    assert keys(stage) == []


def test_an_upload_that_is_stopped_leaves_no_part_and_a_note_that_says_whose_it_was(
    stage: StageBucket, tmp_path: Path
) -> None:
    large = film(tmp_path / "a.mp4", os.urandom(2 * PART))
    looks = iter([*[False] * 32, True])  # 32 reads for its name, then while it is uploaded
    with pytest.raises(Stopped):
        stage.place(large, "job", None, lambda: next(looks, True))
    left = stage.left()
    assert (left.films, [note.item for note in left.notes], left.unfinished) == ({}, [7], 0)


def test_what_a_broken_off_upload_left_goes_with_the_last_who_needed_it(stage: StageBucket, tmp_path: Path) -> None:
    data = b"a film"
    key = f"to/{sha256(data).hexdigest()}.mp4"
    stage.client.create_multipart_upload(Bucket=stage.stage.bucket, Key=key)
    assert stage.left().unfinished == 1
    stage.place(film(tmp_path / "a.mp4", data), "job", None, never)
    stage.leave(Note(key, "job", 7))
    assert (stage.left().unfinished, keys(stage)) == (0, [])


def test_a_bucket_of_another_region_is_refused(s3: S3Server) -> None:
    s3.bucket("far-away", {}, region="eu-west-1")
    stage = StageBucket(Stage.parse("s3://far-away/x"), s3.client("eu-west-1"))
    with pytest.raises(UsageError, match="is in eu-west-1, and the scan in us-east-1"):
        stage.check("us-east-1")
    stage.check("eu-west-1")


def test_a_bucket_that_is_not_there_is_said(s3: S3Server) -> None:
    stage = StageBucket(Stage.parse("s3://no-such-bucket/x"), s3.client())
    with pytest.raises(UsageError, match="there is no S3 bucket 'no-such-bucket'"):
        stage.check("us-east-1")


def test_a_lifecycle_is_seen_where_it_is_about_the_whole_stage(stage: StageBucket) -> None:
    assert stage.expires() is False
    rule = {"ID": "stage", "Status": "Enabled", "Filter": {"Prefix": "to/"}, "Expiration": {"Days": 8}}
    other = rule | {"Filter": {"Prefix": "elsewhere/"}}
    parts = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    for rules, seen in (([rule], False), ([other | parts], False), ([rule | parts], True)):
        stage.client.put_bucket_lifecycle_configuration(
            Bucket=stage.stage.bucket, LifecycleConfiguration={"Rules": rules}
        )
        assert stage.expires() is seen
