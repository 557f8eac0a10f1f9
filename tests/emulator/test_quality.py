"""The models keep answering as well as docs/emulator-models.md says they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator import quality
from tests.emulator.types import Photo


@pytest.fixture
def read(photo: Photo) -> Callable[[str], bytes]:
    return lambda name: photo(name)["Bytes"]


def test_every_face_is_found_and_no_other(aws: Any, read: quality.Read) -> None:
    faces = quality.faces(aws, read)
    assert (faces.found, faces.missed, faces.false) == (9, [], [])


def test_the_default_threshold_parts_the_same_from_different_people(aws: Any, read: quality.Read) -> None:
    pairs = quality.pairs(aws, read)
    assert len([same for same, *_ in pairs if same]) == 2
    assert [pair for pair in pairs if pair[0] != (pair[1] >= 80)] == []


def test_printed_lines_are_read_to_the_letter(aws: Any, read: quality.Read) -> None:
    exact, there, _ = quality.lines(aws, read)
    assert exact >= there - 1


def test_a_right_label_is_among_the_first_five_of_most_photos(aws: Any, read: quality.Read) -> None:
    results = quality.labels(aws, read)
    wrong = {name for name, (right, _) in results.items() if not right}
    assert wrong <= {"raccoon.jpg", "rocket.jpg", "dahlia.jpg", "page.png"}


def test_harmless_photos_score_low(aws: Any, read: quality.Read) -> None:
    assert max(quality.nudity(aws, read))[0] < 20
