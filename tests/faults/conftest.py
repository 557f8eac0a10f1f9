"""What the fault tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scans import Emulator, emulator


@pytest.fixture
def rekognition(tmp_path: Path) -> Iterator[Emulator]:
    with emulator(tmp_path, "--latency", "60ms") as running:
        yield running
