import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from jobs.apis.base import Limits
from jobs.formats.sniff import sniff
from jobs.media.check import Skip
from jobs.media.fitted import Fitted
from jobs.media.pool import DecoderPool
from tests.support.pictures import (
    SIDE,
    bomb,
    corners,
    encoded,
    exif,
    noise,
    picture,
    png16,
    stored_for,
)  # fmt: skip
from tests.support.places import ROOT
from tests.support.waiting import until

LIMITS = Limits(max_side=10_000)
PPE = Limits(max_bytes=4_194_304, min_side=64, max_side=4096)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    with DecoderPool() as found:
        yield found


def mended(pool: DecoderPool, data: bytes, name: str, limits: Limits = LIMITS) -> Fitted:
    found = pool.mend(data, name, limits)
    assert isinstance(found, Fitted), found
    with Image.open(io.BytesIO(found.data)) as image:
        image.load()
        assert (image.size, image.format) == ((found.width, found.height), found.format.upper())
        assert image.mode in ("RGB", "L", "P", "1")
        assert 0x0112 not in image.getexif()
    assert len(found.data) <= limits.max_bytes
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["WEBP", "TIFF", "HEIF", "AVIF"])
def test_every_orientation_comes_out_upright(pool: DecoderPool, name: str, orientation: int) -> None:
    tag = exif(orientation).tobytes()  # as bytes, pillow-heif also writes the `irot` and `imir` that phones write
    found = mended(pool, encoded(stored_for(orientation), name, exif=tag), sniffed(name))
    assert corners(found.data) == ["0", "1", "2", "3"]
    assert (found.width, found.height) == SIDE
    assert found.fit.startswith("rotated; ") == (orientation != 1)


def sniffed(pillow: str) -> str:
    return {"HEIF": "heic"}.get(pillow, pillow.lower())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_that_must_shrink_comes_out_upright(pool: DecoderPool, orientation: int) -> None:
    image = stored_for(orientation).resize((1000, 1200))
    found = mended(pool, encoded(image, "JPEG", exif=exif(orientation)), "jpeg", Limits(max_side=300))
    assert corners(found.data) == ["0", "1", "2", "3"]
    assert max(found.width, found.height) == 300


@pytest.mark.parametrize(
    ("image", "pillow", "options", "fit", "format_"),
    [
        (picture(), "WEBP", {}, "webp->jpeg", "jpeg"),
        (picture(), "TIFF", {"compression": "tiff_lzw"}, "tiff->jpeg", "jpeg"),
        (picture(), "BMP", {}, "bmp->jpeg", "jpeg"),
        (picture(), "JPEG2000", {}, "jp2->jpeg", "jpeg"),
        (picture(), "GIF", {}, "gif->png", "png"),
        (picture().convert("1"), "TIFF", {}, "tiff->png", "png"),
        (picture().convert("CMYK"), "JPEG", {}, "cmyk->rgb; jpeg rewritten", "jpeg"),
        (picture().convert("CMYK"), "TIFF", {}, "cmyk->rgb; tiff->jpeg", "jpeg"),
        (picture().convert("LAB"), "TIFF", {}, "lab->rgb; tiff->jpeg", "jpeg"),
        (picture().convert("L"), "WEBP", {}, "webp->jpeg", "jpeg"),
    ],
)
def test_formats_become_jpeg_or_png(
    pool: DecoderPool, image: Image.Image, pillow: str, options: dict[str, str], fit: str, format_: str
) -> None:
    data = encoded(image, pillow, **options)
    found = mended(pool, data, str(sniff(data[:64])))
    assert (found.fit, found.format, found.width, found.height) == (fit, format_, *SIDE)
    if image.mode not in ("1", "L"):
        assert corners(found.data) == ["0", "1", "2", "3"]


def test_only_the_first_frame_of_an_animation_is_looked_at(pool: DecoderPool) -> None:
    rest = [picture().transpose(Image.Transpose.ROTATE_180), picture((160, 100)).convert("L").convert("RGB")]
    for pillow, name in (("GIF", "gif"), ("WEBP", "webp"), ("TIFF", "tiff")):
        found = mended(pool, encoded(picture(), pillow, save_all=True, append_images=rest), name)
        assert found.fit.startswith("first of 3 frames; ")
        assert corners(found.data) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("pillow", ["WEBP", "TIFF", "GIF"])
@pytest.mark.parametrize(("ink", "ground"), [((10, 10, 60), "white"), ((250, 250, 190), "black")])
def test_text_on_nothing_stays_readable(pool: DecoderPool, pillow: str, ink: tuple[int, ...], ground: str) -> None:
    written = Image.new("RGBA", SIDE)
    ImageDraw.Draw(written).text((10, 20), "legible", fill=(*ink, 255), font_size=40)
    found = mended(pool, encoded(written, pillow, **({"lossless": True} if pillow == "WEBP" else {})), sniffed(pillow))
    assert f"flattened on {ground}" in found.fit
    with Image.open(io.BytesIO(found.data)) as image:
        low, high = image.convert("L").getextrema()
    assert high - low > 180


def test_a_picture_of_nothing_at_all_is_white(pool: DecoderPool) -> None:
    clear = picture().convert("RGBA")
    clear.putalpha(0)
    found = mended(pool, encoded(clear, "WEBP", lossless=True), "webp")
    assert found.fit == "flattened on white; webp->jpeg"


def test_16_bits_are_scaled_not_clipped(pool: DecoderPool) -> None:
    found = mended(pool, png16(), "png")
    assert found.fit == "16->8 bit; png->jpeg"
    with Image.open(io.BytesIO(found.data)) as image:
        values = [image.getpixel((x, 50)) for x in (2, SIDE[0] // 2, SIDE[0] - 3)]
    assert values == pytest.approx([3, 128, 252], abs=6)


@pytest.mark.parametrize(("size", "kept"), [(3000, True), (6_000_000, False)])
def test_a_colour_profile_is_kept_if_it_is_not_larger_than_a_picture(pool: DecoderPool, size: int, kept: bool) -> None:
    found = mended(pool, encoded(picture(), "TIFF", icc_profile=bytes(size)), "tiff")
    assert (found.width, found.height) == SIDE
    with Image.open(io.BytesIO(found.data)) as image:
        assert ("icc_profile" in image.info) == kept


@pytest.mark.parametrize("limits", [LIMITS, PPE])
def test_a_picture_too_heavy_is_shrunk_under_the_limit_and_not_much_further(pool: DecoderPool, limits: Limits) -> None:
    data = encoded(noise((3000, 2400)), "JPEG", quality=98)
    assert len(data) > 5_242_880
    found = mended(pool, data, "jpeg", limits)
    assert len(found.data) > limits.max_bytes // 3
    assert found.width >= 1500
    assert round(found.width / found.height, 2) == 1.25


def test_a_picture_too_long_is_shrunk_to_the_limit(pool: DecoderPool) -> None:
    found = mended(pool, encoded(picture((6000, 4000)), "JPEG"), "jpeg", PPE)
    assert (found.width, found.height) == (4096, 2731)
    assert found.fit == "jpeg rewritten; 6000x4000->4096x2731"


def test_the_same_picture_is_mended_to_the_same_bytes(pool: DecoderPool) -> None:
    data = encoded(noise((900, 700)), "WEBP")
    with DecoderPool(1) as other:
        assert pool.mend(data, "webp", LIMITS) == other.mend(data, "webp", LIMITS)


@pytest.mark.parametrize(("pillow", "name"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff")])
def test_a_truncated_picture_is_told_from_a_whole_one(pool: DecoderPool, pillow: str, name: str) -> None:
    data = encoded(noise((300, 200)), pillow)
    whole = pool.mend(data, name, LIMITS, only_verify=True)
    assert whole == Fitted(b"", "", name, 300, 200)
    cut = pool.mend(data[: len(data) // 2], name, LIMITS, only_verify=True)
    assert isinstance(cut, Skip)
    assert cut.reason in (("truncated",) if pillow in ("JPEG", "PNG") else ("truncated", "broken"))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}])
@pytest.mark.parametrize("left", [-2, -1])
def test_a_jpeg_that_lacks_only_its_end_mark_is_whole(pool: DecoderPool, options: dict[str, int], left: int) -> None:
    data = encoded(picture(), "JPEG", exif=exif(6).tobytes(), **options)
    found = pool.mend(data[:left], "jpeg", LIMITS, only_verify=True)
    assert found == Fitted(data, "end mark added", "jpeg", SIDE[1], SIDE[0])
    assert pool.mend(data[:left], "jpeg", Limits(max_bytes=len(data) - 1), only_verify=True) == replace(
        found, data=b"", fit=""
    )
    assert mended(pool, data[:left], "jpeg", Limits(max_side=140)).fit.startswith("rotated; jpeg rewritten")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_jpeg_that_lacks_a_few_bytes_more_is_truncated(pool: DecoderPool, options: dict[str, int]) -> None:
    data = encoded(noise((300, 200)), "JPEG", **options)
    for left in (3, 4, 5, 8, 60, 1000):
        found = pool.mend(data[:-left], "jpeg", LIMITS, only_verify=True)
        assert isinstance(found, Skip), left
        assert found.reason == "truncated"


def test_a_bomb_is_refused_by_its_header(pool: DecoderPool) -> None:
    found = pool.mend(bomb(30_000), "png", LIMITS)
    assert isinstance(found, Skip)
    assert found.reason == "bomb"


def test_a_picture_that_wants_too_much_memory_is_a_bomb_and_its_mates_go_on() -> None:
    with DecoderPool(1, memory_bytes=400 * 1024**2) as pool:
        big = pool.mend(encoded(Image.new("RGB", (12_000, 12_000)), "JPEG"), "jpeg", Limits(max_bytes=10))
        assert isinstance(big, Skip)
        assert big.reason == "bomb"
        mended(pool, encoded(picture(), "WEBP"), "webp")


def test_a_picture_that_takes_too_long_is_a_bomb_and_its_mates_go_on() -> None:
    slow = encoded(Image.new("RGB", (13_000, 13_000)), "JPEG")  # some four seconds of CPU to shrink
    with DecoderPool(1, cpu_seconds=0.5) as pool:
        mended(pool, encoded(picture(), "WEBP"), "webp")
        found = pool.mend(slow, "jpeg", Limits(max_bytes=300_000))
        assert isinstance(found, Skip)
        assert found.reason == "bomb"
        mended(pool, encoded(picture(), "WEBP"), "webp")


def test_a_child_that_hangs_is_killed_and_its_mates_go_on() -> None:
    with DecoderPool(1, wall_seconds=8, grace_seconds=0) as pool:
        mended(pool, encoded(picture(), "WEBP"), "webp")
        os.kill(pool.pids[0], signal.SIGSTOP)
        found = pool.mend(encoded(picture(), "WEBP"), "webp", LIMITS)
        assert isinstance(found, Skip)
        assert found.reason == "bomb"
        mended(pool, encoded(picture(), "WEBP"), "webp")


def test_a_child_killed_from_outside_costs_nothing_but_time() -> None:
    data = encoded(noise((4000, 3000)), "TIFF")
    with DecoderPool(1) as pool, ThreadPoolExecutor(1) as threads:
        mended(pool, encoded(picture(), "WEBP"), "webp")
        (victim,) = pool.pids
        os.kill(victim, signal.SIGSTOP)  # so that it is surely in the middle of it
        answer = threads.submit(pool.mend, data, "tiff", LIMITS)
        until(lambda: pool.busy == 1, "the picture is at the child")
        os.kill(victim, signal.SIGKILL)
        assert isinstance(answer.result(60), Fitted)
        assert pool.pids != [victim]


def test_a_picture_that_kills_every_child_is_skipped() -> None:
    with DecoderPool(1) as pool:
        mended(pool, encoded(picture(), "WEBP"), "webp")
        stop = threading.Event()

        def assassin() -> None:
            while not stop.is_set():
                for pid in pool.pids:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue

        killer = threading.Thread(target=assassin)
        killer.start()
        found = pool.mend(encoded(noise((4000, 3000)), "TIFF"), "tiff", LIMITS)
        stop.set()
        killer.join()
        assert isinstance(found, Skip)
        assert found.reason == "crashed-decoder"
        mended(pool, encoded(picture(), "WEBP"), "webp")


def test_no_child_is_started_before_it_is_needed_and_none_is_left() -> None:
    pool = DecoderPool(2)
    assert pool.pids == []
    data = encoded(noise((1200, 900)), "WEBP")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: pool.mend(data, "webp", LIMITS), range(16)))
    assert len(set(found)) == 1
    children = pool.pids
    assert 1 <= len(children) <= 2
    pool.close()
    until(lambda: not any(map(alive, children)), "the children are gone")
    with pytest.raises(RuntimeError, match="closed"):
        pool.mend(data, "webp", LIMITS)


@pytest.mark.parametrize("busy", [False, True])
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path, busy: bool) -> None:
    (tmp_path / "p.tiff").write_bytes(encoded(noise((3000, 3000)), "TIFF"))
    code = (
        "import sys; from jobs.media.pool import DecoderPool; from jobs.apis.base import Limits\n"
        "from tests.support.pictures import encoded, picture\n"
        "pool = DecoderPool(1); pool.mend(encoded(picture(), 'WEBP'), 'webp', Limits())\n"
        "print(pool.pids[0], flush=True)\n"
        "data = open('p.tiff', 'rb').read()\n"
        f"while {busy}: pool.mend(data, 'tiff', Limits())\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.kill()
    until(lambda: not alive(child), "the child is gone")


def test_a_folder_named_jobs_in_the_working_directory_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("raise SystemExit('not me')")
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with DecoderPool(1) as pool:
            mended(pool, encoded(picture(), "WEBP"), "webp")
    finally:
        os.chdir(before)


@settings(max_examples=60)
@given(st.sampled_from(["jpeg", "png", "gif", "bmp", "tiff", "webp", "heic", "avif", "jp2"]), st.data())
def test_hostile_bytes_never_raise(pool: DecoderPool, name: str, data: st.DataObject) -> None:
    pillow = {"heic": "HEIF", "jp2": "JPEG2000"}.get(name, name.upper())
    sample = bytearray(_sample(pillow))
    for _ in range(data.draw(st.integers(0, 12))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(pool.mend(bytes(sample), name, LIMITS), Fitted | Skip)


_samples: dict[str, bytes] = {}


def _sample(pillow: str) -> bytes:
    return _samples.setdefault(pillow, _samples.get(pillow) or encoded(picture(), pillow))
