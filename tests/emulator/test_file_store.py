"""A folder that stands in for a bucket."""

from __future__ import annotations

import asyncio
import shutil
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.engine.file_store import BUCKET, FileStore
from emulator.errors import AwsError, OptionError
from emulator.operations.base import MAX_S3_BYTES
from tests.emulator.films import film, plain
from tests.emulator.test_video_jobs import method
from tests.support.waiting import until


def place(name: str) -> dict[str, str]:
    return {"Bucket": BUCKET, "Name": name}


def test_a_film_and_a_picture_of_the_folder_are_objects(aws: Any, store: Path, archive: Path) -> None:
    (store / "a folder").mkdir()
    (store / "a folder" / "grey.mp4").write_bytes(film(repeat(plain(90), 10)))
    shutil.copy(archive / "animals" / "cat.jpg", store / "cat.jpg")
    labels = aws.detect_labels(Image={"S3Object": place("cat.jpg")})["Labels"]
    assert "Cat" in {label["Name"] for label in labels}
    job = method(aws, "StartLabelDetection")(Video={"S3Object": place("a folder/grey.mp4")})["JobId"]
    read = method(aws, "GetLabelDetection")
    until(lambda: read(JobId=job)["JobStatus"] != "IN_PROGRESS", "the job is over", seconds=120)
    assert read(JobId=job)["VideoMetadata"]["DurationMillis"] == 400
    assert (store / "a folder" / "grey.mp4").exists()  # what was linked to is left


def test_what_is_not_there_is_refused_as_s3_refuses_it(aws: Any, store: Path) -> None:
    with pytest.raises(ClientError, match="InvalidS3ObjectException"):
        method(aws, "StartLabelDetection")(Video={"S3Object": place("nothing.mp4")})


@pytest.mark.parametrize("name", ["../secret", "/../secret", "out/secret", "out", "x" * 5000, "a\0b", "", "inside"])
def test_nothing_outside_the_folder_and_no_folder_is_an_object(name: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "out").symlink_to(tmp_path)
    with pytest.raises(AwsError, match="InvalidS3ObjectException"):
        asyncio.run(FileStore(root).fetch(place(name)))


def test_pictures_are_bounded_and_not_empty(tmp_path: Path) -> None:
    for name, size in (("large", MAX_S3_BYTES + 1), ("most", MAX_S3_BYTES), ("empty", 0)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    store = FileStore(tmp_path)
    assert len(asyncio.run(store.fetch(place("most")))) == MAX_S3_BYTES
    for name, code in (("large", "ImageTooLargeException"), ("empty", "InvalidS3ObjectException")):
        with pytest.raises(AwsError, match=code):
            asyncio.run(store.fetch(place(name)))


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--file-store"):
        FileStore(tmp_path / "none")
