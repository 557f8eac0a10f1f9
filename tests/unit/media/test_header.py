import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.formats.sniff import family, sniff
from jobs.media.header import Header, header
from tests.support.pictures import SIDE, encoded, exif, picture, png16

FORMATS = {
    "jpeg": "JPEG", "png": "PNG", "gif": "GIF", "bmp": "BMP", "tiff": "TIFF", "webp": "WEBP", "heic": "HEIF",
    "avif": "AVIF", "jp2": "JPEG2000",
}  # fmt: skip
SAMPLES = {name: encoded(picture(), pillow) for name, pillow in FORMATS.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_known_by_its_first_bytes(name: str) -> None:
    assert sniff(SAMPLES[name][:64]) == name
    assert family(name) == "image"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x20\x05\x03\x00qt  ", "mov"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mov"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "avif"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "heic"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "cr3"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "cr2"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"),
        (b"\x1aE\xdf\xa3\x01", "mkv"),
        (b"\x00\x00\x01\xba\x44", "mpeg"),
        (b"\x47" + b"x" * 187 + b"\x47", "mpegts"),
        (b"BM, says the poet", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_other_formats(head: bytes, name: str | None) -> None:
    assert sniff(head) == name


@given(st.binary(max_size=400))
@example(b"\xff\xd8\xff")
@example(b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\0\0MM\0*\xff\xff\xff\xff")
@example(b"\xff\xd8" + b"\xff" * 300)
@example(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR")
def test_any_bytes_have_a_header(data: bytes) -> None:
    for whole in (True, False):
        assert isinstance(header(data, whole=whole), Header)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_a_damaged_picture_has_a_header_too(name: str, data: st.DataObject) -> None:
    sample = bytearray(SAMPLES[name][: data.draw(st.integers(0, len(SAMPLES[name])))])
    for at in data.draw(st.lists(st.integers(0, 200), max_size=6)):
        if at < len(sample):
            sample[at] = data.draw(st.integers(0, 255))
    assert isinstance(header(bytes(sample)), Header)


@pytest.mark.parametrize("name", ["jpeg", "png", "gif", "bmp", "webp"])
def test_size_is_read_without_decoding(name: str) -> None:
    found = header(SAMPLES[name][:2000], whole=False)
    assert (found.width, found.height) == SIDE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_upright_size(orientation: int) -> None:
    found = header(encoded(picture(), "JPEG", exif=exif(orientation)))
    assert found.orientation == orientation
    assert found.upright == (SIDE if orientation < 5 else SIDE[::-1])


def test_a_png_is_upright_as_it_is_stored() -> None:
    # Rekognition corrects JPEG only (facts/rekognition.md, 26).
    found = header(encoded(picture(), "PNG", exif=exif(6)))
    assert (found.orientation, found.upright) == (1, SIDE)


def test_color_and_depth() -> None:
    assert header(encoded(picture().convert("CMYK"), "JPEG")).color == "cmyk"
    assert header(encoded(picture().convert("L"), "JPEG")).color == "gray"
    assert header(encoded(picture().convert("P"), "PNG")).color == "palette"
    assert (header(png16()).color, header(png16()).bits) == ("gray", 16)
    assert header(encoded(picture(), "JPEG", progressive=True)).plain
    lossless = SAMPLES["jpeg"].replace(b"\xff\xc0", b"\xff\xc3", 1)
    assert not header(lossless).plain


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_the_end_mark_is_looked_for_at_the_end(name: str) -> None:
    whole = SAMPLES[name]
    assert header(whole).ended is True
    assert header(whole + bytes(1000)).ended is True  # some cameras pad
    assert header(whole[:-30]).ended is False
    assert header(whole[:-30], whole=False).ended is None


def test_the_end_of_an_embedded_thumbnail_is_not_the_end() -> None:
    thumb = b"\xff\xe2" + (2 + 40).to_bytes(2, "big") + b"x" * 38 + b"\xff\xd9"
    cut = SAMPLES["jpeg"][:2] + thumb + SAMPLES["jpeg"][2:-40]
    assert header(cut).ended is False
