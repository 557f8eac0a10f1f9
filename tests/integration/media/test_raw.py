"""RAW photographs: their previews are what is sent, and without the extra they are skipped with its name."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jobs.apis.base import Limits
from jobs.formats.names import by_extension
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.media.header import header
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
from reports.pictures import open_item
from tests.support.pictures import SIDE, corners, dng, encoded, picture, stored_for

SHOWN = encoded(picture(), "JPEG")
LIMITS = Limits(max_side=10_000)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(1) as found:
        yield found


def mended(pool: DecoderPool, data: bytes, limits: Limits = LIMITS) -> Fitted:
    found = pool.mend(data, "dng", limits)
    assert isinstance(found, Fitted), found
    return found


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_preview_is_sent_as_the_camera_was_held(pool: DecoderPool, orientation: int) -> None:
    held = stored_for(orientation)
    found = mended(pool, dng(encoded(held, "JPEG"), held.size, orientation))
    assert (found.fit, found.format, found.width, found.height) == ("preview of dng", "jpeg", *SIDE)
    small = mended(pool, dng(encoded(held, "JPEG"), held.size, orientation), Limits(max_side=140))
    assert small.fit.startswith("preview of dng; ")
    assert corners(small.data) == ["0", "1", "2", "3"]


def test_a_scan_takes_it_by_what_it_is(tmp_path: Path, pool: DecoderPool) -> None:
    path = tmp_path / "IMG_1.DNG"
    path.write_bytes(dng(SHOWN, SIDE))
    assert by_extension("dng") == ("image", None)
    assert header(path.read_bytes()).format == "dng"
    found = Preparer(pool, lambda: None).prepare(Item(1, str(path), "image"), LIMITS, s3_allowed=False)
    assert not isinstance(found, Skip)
    with found, Image.open(io.BytesIO(found.image["Bytes"])) as sent:
        assert (found.sent, found.fit, found.format) == ("fitted", "preview of dng", "dng")
        assert sent.size == SIDE
    assert open_item({"uri": str(path)}).size == SIDE


def test_one_without_a_whole_preview_is_skipped(pool: DecoderPool) -> None:
    whole = dng(SHOWN, SIDE)
    for data in (whole[:300], whole[:-2000], dng(b"", SIDE), dng(b"no picture at all", SIDE)):
        found = pool.mend(data, "dng", LIMITS)
        assert isinstance(found, Skip)
        assert found.reason in ("broken", "truncated", "too-small")
    assert isinstance(pool.mend(dng(encoded(picture((60, 40)), "JPEG"), (60, 40)), "dng", LIMITS), Skip)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=12))
def test_hostile_bytes_never_raise(pool: DecoderPool, changes: list[tuple[int, int]]) -> None:
    data = bytearray(dng(SHOWN, SIDE))
    for at, value in changes:
        data[at] = value
    assert isinstance(pool.mend(bytes(data), "dng", LIMITS), Fitted | Skip)
    assert header(bytes(data)).format in ("dng", "nef", "arw", "tiff", "cr2", None)


def test_a_tiff_is_no_raw_photograph() -> None:
    assert header(encoded(picture(), "TIFF")).format == "tiff"


def test_without_the_extra_the_reason_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.dng").write_bytes(dng(SHOWN, SIDE))
    code = """
import sys
sys.modules["rawpy"] = None  # as if it were not installed
from jobs.apis.base import Limits
from jobs.formats.names import by_extension
from jobs.items import Item
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
print(by_extension("cr3"))
with DecoderPool(1) as pool:
    print(Preparer(pool, None).prepare(Item(1, sys.argv[1], "image"), Limits(), s3_allowed=False).message)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.dng")], capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert said[0] == """('image', "unsupported-format: cr3, its preview is read with pip install 'rekscan[raw]'")"""
    assert "rekscan[raw]" in said[1], done.stderr
