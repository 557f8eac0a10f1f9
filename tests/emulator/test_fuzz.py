"""Whatever it is sent: an answer of AWS's kind, never a 5xx of its own making, never a crash, bounded memory."""

from __future__ import annotations

import base64
import io
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from emulator.operations import registry
from emulator.photos import photo
from emulator.server.protocol import operation_names, service_model
from rekscan.testing import Emulator, emulator
from tests.emulator import raw, strict
from tests.emulator.test_life import children
from tests.support.waiting import until

EMULATED = st.sampled_from(sorted(registry()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FUZZ = settings(max_examples=120, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
MEGABYTE = 1024 * 1024


def memory(pid: int) -> float:
    """Resident megabytes of a process and its children."""
    pages = (int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in (pid, *children(pid)))
    return sum(pages) * 4096 / MEGABYTE


@pytest.fixture(scope="module", autouse=True)
def unharmed(models: Emulator, fixed: Emulator) -> Iterator[None]:
    """After all of it the servers and their model processes are the ones that began, no fatter than they may be."""
    before = children(models.process.pid)
    yield
    assert children(models.process.pid) == before
    assert raw.get(models.url).status == raw.get(fixed.url).status == 200
    assert memory(fixed.process.pid) < 400
    assert memory(models.process.pid) < 800 + 1400 * len(before)


def fine(answer: raw.Answer, operation: str) -> None:
    """AWS's shape, and no fault of the server's."""
    assert answer.status < 500, answer.body
    strict.check_headers(answer.headers)
    if answer.status == 200:
        strict.check_answer(operation, answer.document)
    else:
        strict.check_error(answer.document)


@FUZZ
@given(operation=st.sampled_from(sorted(operation_names())), body=JSON)
def test_arbitrary_json(models: Emulator, operation: str, body: Any) -> None:
    fine(raw.post(models.url, operation, json.dumps(body)), operation)


@FUZZ
@given(operation=EMULATED, body=st.binary(max_size=200))
def test_arbitrary_bytes_for_a_body(models: Emulator, operation: str, body: bytes) -> None:
    fine(raw.post(models.url, operation, body), operation)


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Values of the right kind, within the model's limits or not."""
    match shape.type_name:
        case "structure":
            members = {name: values(member) for name, member in shape.members.items()}
            required = {name: members.pop(name) for name in shape.required_members}
            return st.fixed_dictionaries(required, optional=members)
        case "list":
            return st.lists(values(shape.member), max_size=3)
        case "map":
            return st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2)
        case "string":
            return st.sampled_from(shape.enum) if shape.enum else st.text("aZ09-_./: é", max_size=12)
        case "blob":
            return st.sampled_from(IMAGES)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(-2, 5) | st.integers()
        case _:
            return st.floats(-1, 101) | st.floats(allow_nan=False, allow_infinity=False)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


IMAGES = [encoded(data) for data in (b"", b"x", photo("coffee.jpg"), photo("hopper.jpg"), photo("rocket.jpg")[:9000])]
REQUESTS = {
    name: values(operation.input_shape)
    for name in registry()
    if (operation := service_model().operation_model(name)).input_shape
}


@FUZZ
@given(st.data())
def test_requests_of_the_right_shape(models: Emulator, data: st.DataObject) -> None:
    operation = data.draw(EMULATED)
    fine(raw.post(models.url, operation, data.draw(REQUESTS[operation])), operation)


@FUZZ
@given(text=st.text("ABCabc012+/=-_\n é", max_size=60))
def test_broken_base64(models: Emulator, text: str) -> None:
    fine(raw.post(models.url, "DetectFaces", {"Image": {"Bytes": text}}), "DetectFaces")


@FUZZ
@given(
    content_type=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
    target=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40),
)
def test_arbitrary_headers(models: Emulator, content_type: str, target: str) -> None:
    headers = {"Content-Type": content_type.strip().encode("latin-1"), "X-Amz-Target": target.strip().encode("latin-1")}
    answer = raw.POOL.request("POST", models.url, body=b"{}", headers=headers)  # type: ignore[arg-type]
    assert answer.status in (400, 404)
    strict.check_error(json.loads(answer.data))


@settings(FUZZ, max_examples=60)
@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_on_the_line(fixed: Emulator, data: bytes) -> None:
    with raw.connect(fixed.url) as line:
        line.sendall(data)
        line.shutdown(socket.SHUT_WR)
        heard = line.recv(65536)
    assert heard == b"" or re.match(rb"HTTP/1.1 [24]\d\d ", heard)


MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16")


def test_everything_pillow_can_write(models: Emulator) -> None:
    """Formats times modes: JPEG and PNG are looked at, the rest refused, nothing breaks."""
    Image.init()
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 255, (90, 100, 3), np.uint8))
    tried = 0
    for kind in sorted(set(Image.SAVE) - {"IM"}):  # Pillow is about to drop IM
        for mode in MODES:
            buffer = io.BytesIO()
            try:
                noise.convert("L").convert(mode).save(buffer, kind)
            except (OSError, ValueError, KeyError, ImportError, RuntimeError, TypeError, AttributeError, SystemError):
                continue
            tried += 1
            answer = raw.post(models.url, "DetectFaces", {"Image": {"Bytes": encoded(buffer.getvalue())}})
            fine(answer, "DetectFaces")
            taken = buffer.getvalue().startswith((b"\xff\xd8\xff", b"\x89PNG"))
            assert (answer.status == 200) is taken, (kind, mode)
    assert tried > 60


@settings(FUZZ, max_examples=80)
@given(st.data())
def test_damaged_photos(models: Emulator, data: st.DataObject) -> None:
    whole = bytearray(DAMAGED[data.draw(st.sampled_from(sorted(DAMAGED)))])
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(1, len(whole)))
    answer = raw.post(models.url, "DetectFaces", {"Image": {"Bytes": encoded(bytes(whole[:cut]))}})
    fine(answer, "DetectFaces")
    assert answer.status == 200 or answer.code in (
        "InvalidImageFormatException",
        "InvalidParameterException",
        "ImageTooLargeException",
    )


def _small(kind: str, **options: Any) -> bytes:
    image = Image.open(io.BytesIO(photo("astronaut.jpg"))).resize((120, 120))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif, **options)
    return buffer.getvalue()


DAMAGED = {
    "jpeg": _small("JPEG"),
    "progressive": _small("JPEG", progressive=True),
    "png": _small("PNG"),
    "interlaced": _small("PNG", compress_level=1),
}


def test_slow_bodies_are_cut_off_and_cost_nobody_else_anything() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 1000000\r\n\r\n"
    with emulator("--engine", "fixed", "--request-timeout", "1") as running:
        lines = [raw.connect(running.url) for _ in range(200)]
        for line in lines:
            line.sendall(head + b"{")
        assert raw.post(running.url, "ListCollections", {}).status == 200
        for line in lines:
            until(lambda line=line: _ended(line), "the slow client is cut off")  # type: ignore[misc]
            line.close()
        assert raw.post(running.url, "ListCollections", {}).status == 200


def _ended(line: socket.socket) -> bool:
    try:
        return line.recv(100) == b""
    except ConnectionResetError:
        return True


def test_thirty_large_images_at_once_are_forgotten_again() -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = json.dumps({"Image": {"Bytes": encoded(photo("coffee.jpg") + b"\0" * 5_000_000)}}).encode()
    with emulator("--engine", "fixed", "--latency", "500ms") as running:
        before = memory(running.process.pid)
        with ThreadPoolExecutor(30) as threads:
            answers = list(threads.map(lambda _: raw.post(running.url, "DetectLabels", body), range(30)))
        assert {answer.status for answer in answers} == {200}
        until(lambda: memory(running.process.pid) < before + 300, "the memory is given back")
