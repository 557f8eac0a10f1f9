"""Originals on this machine: what took a picture's place is seen to be none, and not waited for."""

import os
from pathlib import Path

import pytest

from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.origins import load_local


@pytest.mark.parametrize("what", ["a pipe without a writer", "a device without an end"])
def test_what_is_no_longer_a_file_is_told_at_once(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.jpg"
    if what == "a pipe without a writer":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    found = load_local(Item(0, str(path), "image", size=1000))
    assert isinstance(found, Skip)
    assert found.message == "it is no longer a file"
