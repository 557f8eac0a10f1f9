"""The lean transport against boto3 itself: the same bytes out, the same answers and exceptions back."""

import ast
import asyncio
import datetime
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from ipaddress import ip_address
from itertools import repeat
from pathlib import Path
from typing import Any

import boto3
import botocore.auth
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ReadTimeoutError
from botocore.session import get_session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util.wait import wait_for_read

from jobs.apis import Choice, Request, catalogue
from jobs.apis.base import Api
from jobs.aws.clients import method_name
from jobs.aws.faults import Kind, understand
from jobs.aws.lean import private_names
from jobs.aws.lean.methods import Wire, methods, transport
from jobs.aws.lean.transport import READING, whole_time
from jobs.items import Item
from tests.support.proxy import proxy
from tests.support.raw_server import Serving
from tests.support.scans import Emulator, emulator

IMAGE = {"S3Object": {"Bucket": "archive", "Name": "2019/ü 1.jpg"}}
SKIPPED = {"User-Agent", "amz-sdk-invocation-id"}  # a random number, and what botocore notes of its own features
NOW = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)


def client(url: str | None, read_timeout: float = 20, **more: Any) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout, connect_timeout=2)
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", **more}
    return boto3.client("rekognition", region_name="eu-west-1", endpoint_url=url, config=config, **keys)


def called(rekognition: Any, operation: str = "DetectLabels", threads: Executor | None = None) -> Callable[..., Any]:
    """What the worker would call, awaited."""

    def call(**arguments: Any) -> Any:
        async def once() -> Any:
            return await methods(rekognition, threads)(operation)(**arguments)

        return asyncio.run(once())

    return call


def sent_by_boto3(rekognition: Any, operation: str, arguments: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """What boto3 would put on the wire; nothing is sent."""
    caught: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        caught.append(request)
        return AWSResponse(request.url, 200, {}, _Raw())

    rekognition.meta.events.register("before-send", catch)
    getattr(rekognition, method_name(operation))(**arguments)
    rekognition.meta.events.unregister("before-send", catch)
    headers = {n: v.decode() if isinstance(v, bytes) else str(v) for n, v in caught[0].headers.items()}
    return headers, caught[0].body


class _Raw:
    def stream(self) -> Iterator[bytes]:
        yield b"{}"


def sent_by_wire(rekognition: Any, operation: str, arguments: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    model = rekognition.meta.service_model.operation_model(operation)
    head, body = Wire(rekognition)._request(rekognition._serializer.serialize_to_request(arguments, model))
    first, *lines = head.decode().rstrip().split("\r\n")
    assert first == "POST / HTTP/1.1"
    return dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize("api", catalogue().values(), ids=lambda api: api.name)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:4567", "https://vpce-1.example.com/"])
def test_a_request_is_boto3s_to_the_byte(api: Api, url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: NOW)
    rekognition = client(url, aws_session_token="token")
    params = {param.name: param.default for param in api.params} | dict(api.golden_params or {})
    if "source" in params:
        params["source"] = b"picture"
    arguments = Request((Choice(api, params),)).arguments(IMAGE, Item(0, "s3://archive/2019/ü 1.jpg", "image"))

    theirs, their_body = sent_by_boto3(rekognition, api.operation, arguments)
    ours, our_body = sent_by_wire(rekognition, api.operation, arguments)

    assert our_body == their_body
    host = (url or "https://rekognition.eu-west-1.amazonaws.com").partition("//")[2].rstrip("/")
    assert (ours.pop("Host"), ours.pop("Accept-Encoding")) == (host, "identity")  # http.client adds these below boto3
    assert "Signature=" in ours["Authorization"]
    assert {n: v for n, v in ours.items() if n not in SKIPPED} == {n: v for n, v in theirs.items() if n not in SKIPPED}


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


def test_an_answer_is_boto3s(rekognition: Emulator) -> None:
    ours = client(rekognition.url)
    for api in ("DetectLabels", "DetectFaces", "DetectText", "DetectModerationLabels", "RecognizeCelebrities"):
        theirs = getattr(ours, method_name(api))(Image=IMAGE)
        mine = dict(called(ours, api)(Image=IMAGE))
        assert set(mine.pop("ResponseMetadata")) == set(theirs.pop("ResponseMetadata")) - {"MaxAttemptsReached"}
        assert mine == theirs


def outcome(call: Callable[..., Any], **arguments: Any) -> tuple[Any, ...]:
    """Everything the worker looks at when a call fails."""
    try:
        answer = call(**arguments)
    except Exception as error:
        fault = understand(error, "DetectLabels")
        response = getattr(error, "response", None) or {}
        details = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return type(error).__name__, fault.kind, fault.code, details
    return ("answer", sorted(set(answer) - {"ResponseMetadata"}))


@pytest.mark.parametrize(
    "fault",
    [
        "500", "503", "400:ThrottlingException", "400:ProvisionedThroughputExceededException", "403",
        "400:InvalidImageFormatException", "400:NeverHeardOfException", "reset", "html", "html=502",
    ],
)  # fmt: skip
def test_what_goes_wrong_is_what_goes_wrong_with_boto3(fault: str, tmp_path: Path) -> None:
    with emulator(tmp_path, "--fault", f"DetectLabels:{fault}:100%") as running:
        ours = client(running.url)
        assert outcome(called(ours), Image=IMAGE) == outcome(ours.detect_labels, Image=IMAGE)


def test_an_answer_cut_short_is_maybe_billed_whatever_its_status(tmp_path: Path) -> None:
    """boto3 makes of such a body an answer without members, or an error whose code is the status."""
    with emulator(tmp_path, "--fault", "DetectLabels:truncate:100%") as running:
        assert outcome(called(client(running.url)), Image=IMAGE)[:2] == ("ConnectionClosedError", Kind.UNKNOWN)
    with Serving(b'HTTP/1.1 400 Bad Request\r\nContent-Length: 80\r\n\r\n{"__type":"Throttling') as serving:
        assert outcome(called(client(serving.url)), Image=IMAGE)[:2] == ("ConnectionClosedError", Kind.UNKNOWN)


def test_a_server_that_hangs_is_a_read_timeout(tmp_path: Path) -> None:
    with emulator(tmp_path, "--fault", "DetectLabels:hang:100%") as running:
        ours = client(running.url, read_timeout=0.3)
        mine = outcome(called(ours), Image=IMAGE)
        assert mine == outcome(ours.detect_labels, Image=IMAGE)
        assert mine[0] == "ReadTimeoutError"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid", "https://127.0.0.1:9"])
def test_a_server_that_is_not_there_is_told_like_boto3_does(url: str) -> None:
    ours = client(url)
    mine = outcome(called(ours), Image=IMAGE)
    assert mine == outcome(ours.detect_labels, Image=IMAGE)
    assert mine[0] == "EndpointConnectionError"


def test_tls_is_verified_as_boto3_does_it(rekognition: Emulator) -> None:
    ours = client(rekognition.url.replace("http:", "https:"))
    assert outcome(called(ours), Image=IMAGE) == outcome(ours.detect_labels, Image=IMAGE)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rekognition.test")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
    signed = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "cert.pem").write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return tmp_path / "cert.pem"


def test_a_certificate_must_be_trusted_and_the_ca_bundle_of_the_environment_is(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"Labels":[]}'
    with Serving(answer, certificate) as serving:
        ours = client(serving.url)
        refused = outcome(called(ours), Image=IMAGE)
        assert refused == outcome(ours.detect_labels, Image=IMAGE)
        assert refused[0] == "SSLError"
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        assert outcome(called(client(serving.url)), Image=IMAGE) == ("answer", ["Labels"])
        wrong_name = client(serving.url.replace("127.0.0.1", "localhost"))
        refused = outcome(called(wrong_name), Image=IMAGE)
        assert refused == outcome(wrong_name.detect_labels, Image=IMAGE)
        assert refused[0] == "SSLError"


def test_a_wrong_parameter_is_found_before_anything_is_sent(rekognition: Emulator) -> None:
    before = rekognition.total()
    ours = client(rekognition.url)
    assert outcome(called(ours), Image={"Bytes": 5})[0] == "ParamValidationError"
    assert rekognition.total() == before


def test_missing_credentials_are_told(rekognition: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = client(rekognition.url)
    ours._request_signer._credentials = None
    assert outcome(called(ours), Image=IMAGE)[0] == "NoCredentialsError"


def test_credentials_that_expire_are_renewed(rekognition: Emulator) -> None:
    renewals: list[int] = []

    def renew() -> dict[str, str]:
        renewals.append(1)
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1 if len(renewals) == 1 else 7200)
        return {"access_key": f"k{len(renewals)}", "secret_key": "s", "token": "t", "expiry_time": until.isoformat()}

    session = get_session()
    session._credentials = RefreshableCredentials.create_from_metadata(renew(), renew, "test")
    config = Config(retries={"total_max_attempts": 1})
    ours = session.create_client("rekognition", "eu-west-1", endpoint_url=rekognition.url, config=config)
    called(ours)(Image=IMAGE)
    called(ours)(Image=IMAGE)
    assert len(renewals) == 2


def test_a_proxy_is_left_to_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    behind = client("https://rekognition.example.com")
    assert methods(behind)("DetectLabels").__name__ == "detect_labels"
    assert methods(client("http://127.0.0.1:1"))("DetectLabels").__name__ == "DetectLabels"


def test_a_connection_closed_between_calls_is_replaced_unnoticed() -> None:
    with Serving(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"Labels":[]}') as serving:
        wire = Wire(client(serving.url))

        async def several() -> None:
            for _ in range(5):
                assert (await wire.method("DetectLabels")(Image=IMAGE))["Labels"] == []
                for kept in wire._connections._idle:
                    assert wait_for_read(kept.sock, timeout=20), "the server has closed it"

        asyncio.run(several())


def test_a_connection_that_lay_idle_for_long_is_not_trusted(rekognition: Emulator) -> None:
    wire = Wire(client(rekognition.url))

    async def twice() -> tuple[object, object]:
        call = wire.method("DetectLabels")
        await call(Image=IMAGE)
        (first,) = wire._connections._idle
        await call(Image=IMAGE)
        assert wire._connections._idle == [first]
        first._heard -= 60
        await call(Image=IMAGE)
        (last,) = wire._connections._idle
        return first, last

    first, last = asyncio.run(twice())
    assert first is not last


def test_connections_that_fell_silent_while_idle_cost_one_timeout_not_one_each(rekognition: Emulator) -> None:
    with proxy(rekognition.url) as network:
        wire = Wire(client(f"http://{network.address}", read_timeout=0.5))
        call = wire.method("DetectLabels")

        async def across_silence() -> None:
            await asyncio.gather(*(call(Image=IMAGE) for _ in range(4)))
            assert len(wire._connections._idle) == 4
            network.silence()
            network.mend()
            with pytest.raises(ReadTimeoutError):
                await call(Image=IMAGE)
            assert (await call(Image=IMAGE))["Labels"]

        asyncio.run(across_silence())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b'4\r\n{"La\r\n9;x=1\r\nbels":[]}\r\n0\r\nA: b\r\n\r\n',
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:13\r\n\r\n" + b'{"Labels":[]}',
        b"HTTP/1.0 200 OK\r\n\r\n" + b'{"Labels":[]}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\xff\xfe{}x",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 nonsense\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70000 + b"\r\n\r\n{}",
    ],
    ids=["chunked", "continue", "1.0", "not-utf8", "empty", "ssh", "status", "nothing", "bad-chunk", "long-header"],
)
def test_odd_servers_are_never_a_bug(answer: bytes) -> None:
    with Serving(answer) as serving:
        found = outcome(called(client(serving.url, read_timeout=2)), Image=IMAGE)
    if b"Labels" in answer or b"La\r\n" in answer:
        assert found == ("answer", ["Labels"])
    else:
        assert found == ("answer", []) or found[1].value == "unknown"


def test_calls_side_by_side_share_connections(rekognition: Emulator) -> None:
    wire = Wire(client(rekognition.url))
    call = wire.method("DetectLabels")

    async def rounds() -> set[int]:
        found = set()
        for _ in range(10):
            found |= {len(answer["Labels"]) for answer in await asyncio.gather(*(call(Image=IMAGE) for _ in range(40)))}
        return found

    assert len(asyncio.run(rounds())) == 1
    assert len(wire._connections._idle) <= 40


@pytest.mark.parametrize("size", [300_000, 4_000_000])
def test_a_large_picture_arrives_whole(rekognition: Emulator, size: int) -> None:
    """More than a socket's buffer takes at once. The emulator refuses what is no picture, which shows it was read."""
    ours = client(rekognition.url)
    image = {"Bytes": bytes(size)}
    assert outcome(called(ours), Image=image) == outcome(ours.detect_labels, Image=image)


HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LABELS = b'{"Labels":[]}'
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
FOR_EVER = 600.0  # seconds: a call that waits for silence outlasts the test's own time limit


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: -3\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 1_3\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 13\r\nContent-Length: 15\r\n\r\n" + LABELS,
        HEAD + b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + LABELS,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 13\r\n\r\n" + LABELS,
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"1_0\r\n" + bytes(16),
        CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"2\r\n{}x",
        CHUNKED + b"2;" + b"x" * 140_000,
        CHUNKED + b"0\r\nX: " + b"x" * 140_000,
        HEAD + b"X: " + b"x" * 70_000,
        HEAD + b"X: y\r\n" * 12_000,
        LENGTH % (1 << 30),
        INTERIM * 3_000,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 13\r\n\r\n" + LABELS,
        b"HTTP/1.1 000 OK\r\nContent-Length: 13\r\n\r\n" + LABELS,
        b"\r\n" * 40_000,
    ],
    ids=[
        "length -3", "length 1_3", "two lengths", "length and chunks", "chunks and length", "gzip",
        "chunk -2", "chunk 1_0", "chunk 0x2", "chunk too long", "chunk's extension", "trailer",
        "long header", "many headers", "1 GiB announced", "interim answers", "another protocol", "HTTP/2", "status 0",
        "empty lines",
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_refused_at_once_and_maybe_billed(answer: bytes) -> None:
    """The server holds its connection: nothing but the refusal ends the call."""
    with Serving(answer, hold=True) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
        assert serving.left.wait(20), "the connection is closed"
    assert found[:2] == ("HTTPClientError", Kind.UNKNOWN)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        INTERIM,
        HEAD + b"Content-Le",
        LENGTH % 14 + LABELS,
        CHUNKED + b"d\r\n" + LABELS + b"\r\n",
        CHUNKED + b"d\r\n{",
    ],
    ids=["nothing", "interim alone", "in its head", "in its body", "between chunks", "in a chunk"],
)
def test_what_is_cut_short_is_told_and_maybe_billed(answer: bytes) -> None:
    with Serving(answer) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
    assert found[:2] == ("ConnectionClosedError", Kind.UNKNOWN)


def test_an_interim_answer_and_then_silence_is_a_read_timeout() -> None:
    with Serving(INTERIM, hold=True) as serving:
        assert outcome(called(client(serving.url, 0.3)), Image=IMAGE)[:2] == ("ReadTimeoutError", Kind.UNKNOWN)


@pytest.mark.parametrize("way", ["lean", "boto3"])
@pytest.mark.parametrize(
    "start", [HEAD + b"\r\n", LENGTH % (1 << 30), CHUNKED + b"40000000\r\n"], ids=["to the end", "length", "chunk"]
)
def test_an_answer_without_end_is_read_to_16_megabytes(start: bytes, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent beyond lies in the buffers of the kernel."""
    monkeypatch.setenv("REKSCAN_WIRE", way)
    gigabyte = [start, *repeat(bytes(1 << 20), 1 << 10)]
    with Serving(lambda: gigabyte) as serving:
        found = outcome(called(client(serving.url, FOR_EVER)), Image=IMAGE)
        assert serving.left.wait(20), "the connection is closed"
        assert serving.sent < 32 << 20
    assert found[:2] == ("HTTPClientError", Kind.UNKNOWN)


@pytest.mark.parametrize("way", ["lean", "boto3"])
@pytest.mark.parametrize(
    "answer",
    [
        [LENGTH % 1_000_000, *repeat(b" ", 10_000)],
        [CHUNKED, *repeat(b"1\r\n \r\n", 10_000)],
        [HEAD, *(b"X: y\r\n"[i : i + 1] for _ in range(2_000) for i in range(6))],
        [HEAD, *repeat(b"x", 10_000)],
        [*repeat(INTERIM, 10_000)],
    ],
    ids=["body", "chunks", "headers", "header", "interim"],
)
def test_an_answer_that_drips_ends(answer: list[bytes], way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKSCAN_WIRE", way)
    with Serving(lambda: answer, slow=True) as serving, ThreadPoolExecutor() as threads:
        found = outcome(called(client(serving.url, 0.3), threads=threads), Image=IMAGE)
        serving.left.set()  # boto3's thread stays until then
    assert found[:2] == ("ReadTimeoutError", Kind.UNKNOWN)


def test_a_request_gets_twice_the_read_timeout_and_the_time_to_be_sent() -> None:
    assert whole_time(60, 0) == 120
    assert whole_time(60, 7_000_000) < 1000


@pytest.mark.parametrize("more", [b"garbage", LENGTH % 13 + LABELS, b"\0"], ids=["garbage", "answer", "byte"])
def test_an_answer_with_something_behind_it_counts_and_its_connection_is_not_used_again(more: bytes) -> None:
    with Serving(LENGTH % 13 + LABELS + more, hold=True) as serving:
        wire = Wire(client(serving.url, FOR_EVER))
        assert called_once(wire)["Labels"] == []
        assert wire._connections._idle == []


def test_what_comes_on_an_idle_connection_is_nobodys_answer() -> None:
    go = threading.Event()

    def script() -> Iterator[bytes]:
        yield LENGTH % 13 + LABELS
        go.wait(20)
        yield LENGTH % 25 + b'{"Labels":[{"Name":"Dog"}]}'

    with Serving(script, hold=True) as serving:
        wire = Wire(client(serving.url, FOR_EVER))

        async def twice() -> None:
            call = wire.method("DetectLabels")
            for _ in range(2):
                assert (await call(Image=IMAGE))["Labels"] == []
                (kept,) = wire._connections._idle
                go.set()
                assert wait_for_read(kept.sock, timeout=20), "the server has said more"
                go.clear()

        asyncio.run(twice())
        assert serving.connections == 2


def test_an_answer_that_comes_before_the_request_is_sent_counts() -> None:
    body = b'{"__type":"ImageTooLargeException"}'
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    go = threading.Event()

    def script() -> Iterator[bytes]:
        yield answer
        go.wait(20)

    with Serving(script, reads=b"") as serving:
        wire = Wire(client(serving.url, FOR_EVER))
        found = outcome(lambda **arguments: called_once(wire, **arguments), Image={"Bytes": bytes(16_000_000)})
        go.set()
    assert found[2] == "ImageTooLargeException"
    assert wire._connections._idle == []


def called_once(wire: Wire, **arguments: Any) -> Any:
    async def once() -> Any:
        return await wire.method("DetectLabels")(**arguments or {"Image": IMAGE})

    return asyncio.run(once())


def test_a_connection_has_no_way_from_one_state_to_any_other(rekognition: Emulator) -> None:
    wire = Wire(client(rekognition.url))

    async def steps() -> None:
        await wire.method("DetectLabels")(Image=IMAGE)
        (kept,) = wire._connections._idle
        with pytest.raises(RuntimeError, match="IDLE cannot be READING"):
            kept._to(READING)
        kept.close()
        kept.close()
        with pytest.raises(RuntimeError, match="CLOSED cannot be SENDING"):
            await kept.exchange(b"", b"", 1)

    asyncio.run(steps())


def without(owner: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a name from an object and its classes."""
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    classes = owner.__mro__ if isinstance(owner, type) else (owner, *type(owner).__mro__)
    for place in classes:
        if name in vars(place):
            monkeypatch.delattr(place, name)
    assert not hasattr(owner, name)


@pytest.mark.parametrize("path", [*private_names._CLIENT, *private_names._CALLS])
def test_without_a_private_name_of_the_client_boto3_makes_the_calls_and_it_is_said(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = client("http://127.0.0.1:1")
    assert transport(ours) == "lean"  # at the botocore that is installed, all are there
    without(ours, path, monkeypatch)
    assert methods(ours)("DetectLabels").__name__ == "detect_labels"
    assert [(r.levelname, path in r.getMessage()) for r in caplog.records] == [("WARNING", True)]


@pytest.mark.parametrize("owner, name", [(o, n) for o, names in private_names._LIBRARIES for n in names])
def test_without_a_private_name_of_a_library_boto3_makes_the_calls_and_it_is_said(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = client("http://127.0.0.1:1")
    without(owner, name, monkeypatch)
    assert methods(ours)("DetectLabels").__name__ == "detect_labels"
    assert name in caplog.text


def test_every_private_name_that_is_used_is_listed() -> None:
    listed = {part for path in (*private_names._CLIENT, *private_names._CALLS) for part in path.split(".")}
    listed |= {name for _, names in private_names._LIBRARIES for name in names}
    used: set[str] = set()
    for path in Path(private_names.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        own |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
        own -= {"_handle_structure", "_handle_list", "_parse_body_as_json"}
        names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr.startswith("_")}
        used |= {name for name in names - own if not name.startswith("__")}
    assert used <= listed | {"_to_sign"}
    assert {"_resolve_endpoint_ruleset", "_new_conn", "_credentials"} <= used


def test_boto3s_way_says_so_and_only_at_info_where_it_was_chosen(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="jobs.aws.lean.methods")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    methods(client("https://rekognition.example.com"))
    monkeypatch.setenv("REKSCAN_WIRE", "boto3")
    methods(client("https://rekognition.example.com"))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "calls go through boto3, because there is a proxy"),
        ("INFO", "calls go through boto3, because REKSCAN_WIRE=boto3 is set"),
    ]
