"""The lean transport against boto3 itself: the same bytes out, the same answers and exceptions back."""

import asyncio
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ReadTimeoutError
from botocore.session import get_session
from urllib3.util.wait import wait_for_read

from jobs.apis import Choice, Request, catalogue
from jobs.apis.base import Api
from jobs.aws.clients import method_name
from jobs.aws.lean.methods import Wire, methods
from jobs.items import Item
from tests.support.certificates import self_signed
from tests.support.lean import IMAGE, called, client, outcome
from tests.support.proxy import proxy
from tests.support.raw_server import Serving
from tests.support.scans import Emulator, emulator

SKIPPED = {"User-Agent", "amz-sdk-invocation-id"}  # a random number, and what botocore notes of its own features
NOW = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)


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
    return self_signed(tmp_path)


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
