import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis.base import Limits
from jobs.media.check import MAX_SOURCE_BYTES, MENDABLE, Fit, Send, Skip, Via, verdict
from jobs.media.header import Header, header
from jobs.outcomes import Outcome, to_table

LABELS = Limits(max_side=10_000)
PPE = Limits(max_bytes=4_194_304, min_side=64, max_side=4096)
JPEG = Header("jpeg", 4000, 3000, 1, "rgb", 8, True, True)
MB = 1024 * 1024

headers = st.builds(
    Header,
    st.sampled_from([*sorted(MENDABLE), "psd", "cr2", "mp4", None]),
    st.none() | st.integers(1, 40_000),
    st.none() | st.integers(1, 40_000),
    st.integers(1, 8),
    st.sampled_from([None, "gray", "rgb", "cmyk", "palette", "rgba"]),
    st.sampled_from([None, 1, 8, 12, 16]),
    st.booleans(),
    st.sampled_from([True, False, None]),
)
sizes = st.integers(0, MAX_SOURCE_BYTES + 10)
vias: st.SearchStrategy[Via] = st.sampled_from(["s3", "bytes"])


@given(headers, sizes, st.sampled_from([LABELS, PPE, Limits()]), vias, st.booleans())
def test_what_is_sent_unaltered_is_within_the_limits(
    head: Header, size: int, limits: Limits, via: Via, fit: bool
) -> None:
    decision = verdict(head, size, limits, via=via, fit=fit)
    if isinstance(decision, Send):
        assert head.format in ("jpeg", "png")
        assert 0 < size <= (limits.max_s3_bytes if via == "s3" else limits.max_bytes)
        if head.width and head.height:
            assert min(head.width, head.height) >= limits.min_side
            assert limits.max_side is None or max(head.width, head.height) <= limits.max_side


@given(headers, sizes, st.sampled_from([LABELS, PPE]), vias)
def test_no_fit_never_alters_anything(head: Header, size: int, limits: Limits, via: Via) -> None:
    decision = verdict(head, size, limits, via=via, fit=False)
    assert not isinstance(decision, Fit) or decision.only_verify


@given(headers, sizes, st.sampled_from([LABELS, PPE]), vias, st.booleans())
def test_a_skip_has_a_stable_reason_and_a_sentence(
    head: Header, size: int, limits: Limits, via: Via, fit: bool
) -> None:
    decision = verdict(head, size, limits, via=via, fit=fit)
    if isinstance(decision, Skip):
        assert decision.reason.partition(":")[0] in {
            "empty", "not-an-image", "unsupported-format", "too-small", "too-large", "truncated", "broken", "bomb",
        }  # fmt: skip
        assert len(decision.message) > 10


@pytest.mark.parametrize(
    ("head", "size", "limits", "via", "expected"),
    [
        (JPEG, 3 * MB, LABELS, "bytes", Send("bytes")),
        (JPEG, 5_242_880, LABELS, "bytes", Send("bytes")),
        (JPEG, 5_242_881, LABELS, "bytes", Fit(("shrink-bytes",))),
        (JPEG, 15 * MB, LABELS, "s3", Send("s3")),
        (JPEG, 15 * MB + 1, LABELS, "s3", Fit(("shrink-bytes",))),
        (JPEG, 5 * MB, PPE, "bytes", Fit(("shrink-bytes",))),
        (replace(JPEG, width=5000), MB, PPE, "s3", Fit(("shrink-side",))),
        (replace(JPEG, format="webp"), MB, LABELS, "s3", Fit(("convert",))),
        (replace(JPEG, color="cmyk"), MB, LABELS, "bytes", Fit(("convert",))),
        (replace(JPEG, format="png", bits=16), MB, LABELS, "bytes", Fit(("convert",))),
        (replace(JPEG, format="png", color="palette"), MB, LABELS, "bytes", Send("bytes")),
        (replace(JPEG, ended=False), MB, LABELS, "bytes", Fit(("verify",))),
        (replace(JPEG, width=None, ended=None), MB, LABELS, "s3", Send("s3")),
    ],
)
def test_verdicts(head: Header, size: int, limits: Limits, via: Via, expected: object) -> None:
    assert verdict(head, size, limits, via=via, fit=True) == expected


@pytest.mark.parametrize(
    ("head", "size", "limits", "fit", "reason"),
    [
        (Header(None), 5, LABELS, True, "not-an-image"),
        (Header("mp4"), 5, LABELS, True, "not-an-image"),
        (Header(None), 0, LABELS, True, "empty"),
        (Header("psd"), 5, LABELS, True, "unsupported-format: psd"),
        (Header("tiff"), 5, LABELS, False, "unsupported-format: tiff"),
        (replace(JPEG, height=79), MB, LABELS, True, "too-small"),
        (replace(JPEG, height=63), MB, PPE, True, "too-small"),
        (replace(JPEG, width=30_000, height=30_000), MB, Limits(), True, "bomb"),
        (replace(JPEG, width=12_000, height=90), MB, LABELS, True, "too-large"),
        (replace(JPEG, width=12_000), MB, LABELS, False, "too-large"),
        (JPEG, 16 * MB, LABELS, False, "too-large"),
        (replace(JPEG, format="tiff"), MAX_SOURCE_BYTES + 1, LABELS, True, "too-large"),
        (Header("jpeg", ended=False), MB, LABELS, True, "truncated"),
        (Header("png", ended=True), MB, LABELS, True, "broken"),
    ],
)
def test_refusals(head: Header, size: int, limits: Limits, fit: bool, reason: str) -> None:
    decision = verdict(head, size, limits, via="bytes", fit=fit)
    assert isinstance(decision, Skip)
    assert decision.reason == reason


def test_64_pixels_are_enough_for_protective_equipment() -> None:
    assert verdict(replace(JPEG, height=64), MB, PPE, via="bytes", fit=True) == Send("bytes")


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 4294967295, 100, 8, 2, 0, 0, 0)
BMP = b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 100, -(2**31), 1, 24) + bytes(38)
PSD = b"8BPS\x00\x01" + bytes(8) + struct.pack(">II", 4294967295, 4294967295) + bytes(40)
GIF = b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(20)


@pytest.mark.parametrize(
    ("data", "reason"), [(PNG, "bomb"), (BMP, "bomb"), (PSD, "unsupported-format: psd"), (GIF, "bomb")]
)
def test_a_header_that_claims_an_absurd_size_is_a_row(data: bytes, reason: str) -> None:
    found = verdict(header(data), len(data), LABELS, via="bytes", fit=True)
    assert isinstance(found, Skip)
    assert found.reason == reason
    to_table([Outcome(0, "labels", "skipped", found.reason, width=found.width, height=found.height)])
