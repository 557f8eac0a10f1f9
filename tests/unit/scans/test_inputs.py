"""The picture of a parameter is looked at before anything is listed, and sent as any other."""

import os
from pathlib import Path

import pytest

from jobs.apis import parse
from jobs.errors import UsageError
from jobs.media.check import Skip
from rekscan.scans.inputs import check_inputs, input_picture
from tests.support.pictures import encoded, noise, picture


def path_of(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "face.jpg"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["WEBP", "HEIF", "TIFF"])
def test_what_aws_does_not_take_is_mended(tmp_path: Path, name: str) -> None:
    found = input_picture(str(path_of(tmp_path, encoded(picture(), name))), fit=True)
    assert not isinstance(found, Skip)
    assert found.startswith(b"\xff\xd8\xff")


def test_a_large_one_is_made_smaller(tmp_path: Path) -> None:
    path = path_of(tmp_path, encoded(noise((1500, 1300)), "PNG"))
    assert path.stat().st_size > 5_242_880
    found = input_picture(str(path), fit=True)
    assert not isinstance(found, Skip)
    assert len(found) <= 5_242_880


def test_a_good_one_goes_as_it_is(tmp_path: Path) -> None:
    data = encoded(picture(), "JPEG")
    assert input_picture(str(path_of(tmp_path, data)), fit=True) == data


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"root:x:0:0:root:/root:/bin/sh\n", "no picture"), (b"", "no bytes"), (encoded(picture((40, 40)), "JPEG"), "80")],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=f"source=.*{says}"):
        check_inputs(parse([f"compare-faces:source={path_of(tmp_path, data)}"]), fit=True)


def test_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none.jpg"):
        with pytest.raises(UsageError):
            check_inputs(parse([f"compare-faces:source={path}"]), fit=True)
