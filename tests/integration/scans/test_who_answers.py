"""A plan says who answers, so that the emulator's is not taken for AWS's, and how long that takes."""

from pathlib import Path

import pytest

from rekscan import cli
from tests.support.scans import make_photos


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return make_photos(tmp_path / "photos", 4)


def said(capsys: pytest.CaptureFixture[str], photos: Path, home: Path, *words: str) -> str:
    assert cli.run(["scan", str(photos), "--api", "labels", "--dry-run", "--home", str(home), *words]) == 0
    out, err = capsys.readouterr()
    return out + err


@pytest.mark.parametrize(
    ("words", "who"),
    [
        (["--local"], "Answers come from the bundled emulator, not from AWS: nothing is paid"),
        (["--rekognition-endpoint-url", "http://127.0.0.1:9"], "Answers come from http://127.0.0.1:9, not from AWS"),
        ([], None),
    ],
)
def test_a_plan_says_who_answers_where_it_is_not_aws(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], who: str | None
) -> None:
    text = said(capsys, photos, tmp_path / "home", "--region", "us-east-1", *words)
    assert ("Answers come from" in text) == (who is not None)
    assert who is None or who in text
    assert ("as fast as the bundled emulator" in text) == (words == ["--local"])
    assert "Each API on each image counts as one image." in text  # a dry run lists what it rests on


def test_an_estimate_with_local_is_as_fast_as_the_emulator_and_says_who_answers(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["estimate", str(photos), "--api", "labels", "--region", "us-east-1", "--home", str(tmp_path / "home")]
    assert cli.run([*words, "--local"]) == 0
    out, err = capsys.readouterr()
    assert "as fast as the bundled emulator" in out and out.splitlines()[-1].split() == [
        "labels",
        "4",
        "images",
        "$0.004",
    ]
    assert "Answers come from the bundled emulator, not from AWS: nothing is paid" in err
    assert cli.run(words) == 0
    out, err = capsys.readouterr()
    assert "as fast as the bundled emulator" not in out and "Answers come from" not in err
