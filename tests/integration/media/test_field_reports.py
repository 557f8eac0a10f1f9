"""Pictures that other programs stumbled over, by reports in their trackers (docs/edges.md has the links)."""

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from jobs.apis.base import Limits
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.media.header import header
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
from tests.support.pictures import SIDE, corners, encoded, exif, picture, png16, png_chunk, stored_for

SMALL = Limits(max_side=140)  # has to be decoded


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(1) as found:
        yield found


def mended(pool: DecoderPool, data: bytes, name: str = "jpeg") -> Fitted:
    found = pool.mend(data, name, SMALL)
    assert isinstance(found, Fitted), found
    assert corners(found.data) == ["0", "1", "2", "3"]
    return found


def tags(order: str, *entries: tuple[int, str, bytes]) -> bytes:
    """An Exif block: (tag, its type and count as they are packed, its field)."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    rows = [struct.pack(order + "H", tag) + bytes.fromhex(kind) + field for tag, kind, field in entries]
    return b"Exif\0\0" + head + struct.pack(order + "H", len(rows)) + b"".join(rows) + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_orientation_of_type_long_is_one_too(pool: DecoderPool, order: str) -> None:
    kind = "0400" + "01000000" if order == "<" else "0004" + "00000001"
    block = tags(order, (0x0112, kind, struct.pack(order + "I", 6)))
    data = encoded(stored_for(6), "JPEG", exif=block)
    assert header(data).upright == SIDE
    assert mended(pool, data).fit.startswith("rotated; ")


@pytest.mark.parametrize(
    "block",
    [
        exif(6).tobytes()[:-4],
        # A resolution of 0/0, fields that point beyond the end, a directory that is not there.
        tags(
            "<",
            (0x0112, "030001000000", struct.pack("<HH", 6, 0)),
            (0x011A, "050001000000", struct.pack("<I", 10)),
            (0x8769, "040001000000", struct.pack("<I", 9999)),
            (0x9286, "070088130000", struct.pack("<I", 70_000)),
            (0x02BC, "020028000000", struct.pack("<I", 1)),
        ),
    ],
)
def test_exif_that_is_broken_turns_a_picture_all_the_same(pool: DecoderPool, block: bytes) -> None:
    assert mended(pool, encoded(stored_for(6), "JPEG", exif=block)).fit.startswith("rotated; ")


def test_exif_that_is_something_else_costs_no_picture(pool: DecoderPool) -> None:
    mended(pool, encoded(picture(), "JPEG", exif=b"Exif\0\0http://n"))


def test_a_multi_picture_file_whose_index_is_broken_is_its_first_picture(pool: DecoderPool) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, "MPO", save_all=True, append_images=[picture()])
    whole = buffer.getvalue()
    at = whole.index(b"MPF\0") + 4
    mended(pool, whole)
    mended(pool, whole[:at] + b"II*\1" + whole[at + 4 :])


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt"])
def test_a_png_with_a_profile_or_text_of_megabytes_is_a_picture(pool: DecoderPool, name: bytes) -> None:
    plain = png16()
    chunk = png_chunk(name, b"x\0\0" + zlib.compress(bytes(2_000_000)))
    found = pool.mend(plain[:33] + chunk + plain[33:], "png", Limits())
    assert isinstance(found, Fitted), found


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_named_heic_goes_as_it_is_and_upright(tmp_path: Path, pool: DecoderPool, orientation: int) -> None:
    path = tmp_path / "IMG_2020.HEIC"
    path.write_bytes(encoded(stored_for(orientation), "JPEG", exif=exif(orientation)))
    found = Preparer(pool, lambda: None).prepare(Item(1, str(path), "image"), Limits(), s3_allowed=False)
    assert not isinstance(found, Skip)
    with found, Image.open(path) as stored:
        assert (found.sent, found.format, found.fit) == ("bytes", "jpeg", None)
        assert (found.width, found.height) == SIDE
        assert stored.format == "JPEG"
