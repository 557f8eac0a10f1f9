"""AWS JSON 1.1 on the wire: what is checked, how it is refused, and which headers say so."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from botocore.exceptions import ClientError

from emulator.server.protocol import operation_names, parse, service_model
from rekscan.testing import Emulator, emulator
from tests.emulator import raw, strict
from tests.emulator.types import Photo

IMAGE = {"S3Object": {"Bucket": "archive", "Name": "a.jpg"}}


def test_answers_and_errors_carry_awss_headers(fixed: Emulator) -> None:
    good = raw.post(fixed.url, "DetectLabels", {"Image": IMAGE})
    bad = raw.post(fixed.url, "DetectLabels", {})
    for answer in (good, bad):
        strict.check_headers(answer.headers)
    assert good.status == 200
    assert bad.status == 400
    assert bad.headers["x-amzn-ErrorType"] == "ValidationException"
    strict.check_error(bad.document)
    assert good.headers["x-amzn-RequestId"] != bad.headers["x-amzn-RequestId"]


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({}, "Value null at 'image' failed to satisfy constraint: Member must not be null"),
        ({"Image": IMAGE, "MinConfidence": 101}, "at 'minConfidence'.*less than or equal to 100"),
        ({"Image": IMAGE, "MaxLabels": -1}, "at 'maxLabels'.*greater than or equal to 0"),
        ({"Image": IMAGE, "Features": ["COLOURS"]}, r"at 'features.1.member'.*enum value set: \[GENERAL_LABELS, IMAGE"),
        ({"Image": IMAGE, "Features": ["GENERAL_LABELS"] * 3}, "at 'features'.*length less than or equal to 2"),
        ({"Image": {"S3Object": {"Bucket": "a b", "Name": "x"}}}, "at 'image.s3Object.bucket'.*regular expression"),
        (
            {"Image": {"S3Object": {"Bucket": "ab", "Name": "x"}}},
            "at 'image.s3Object.bucket'.*greater than or equal to 3",
        ),
        (
            {"Image": IMAGE, "Settings": {"GeneralLabels": {"LabelInclusionFilters": ["x" * 51]}}},
            "at 'settings.generalLabels.labelInclusionFilters.1.member'.*less than or equal to 50",
        ),
    ],
)
def test_constraints_of_the_service_model_are_checked(fixed: Emulator, request_: Any, says: str) -> None:
    answer = raw.post(fixed.url, "DetectLabels", request_)
    assert (answer.status, answer.code) == (400, "ValidationException")
    assert re.search(says, answer.message)
    assert answer.message.startswith("1 validation error detected: ")


def test_all_problems_of_a_request_are_told_at_once(fixed: Emulator) -> None:
    answer = raw.post(fixed.url, "SearchFaces", {"CollectionId": "a/b", "FaceId": "nobody", "MaxFaces": 0})
    assert answer.message.startswith("3 validation errors detected: ")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        "7",
        '{"Image": []}',
        '{"Image": {"Bytes": 7}}',
        '{"Image": {"Bytes": "not base64!"}}',
        '{"Image": {"Bytes": "YWJj="}}',
        '{"Image": {"S3Object": {"Bucket": 7, "Name": "x"}}}',
        '{"Image": {}, "MaxLabels": "7"}',
        '{"Image": {}, "MaxLabels": 7.5}',
        '{"Image": {}, "MaxLabels": true}',
        '{"Image": {}, "MinConfidence": NaN}',
        '{"Image": {}, "Features": {}}',
        "[" * 5000,
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_read_is_a_serialization_error(fixed: Emulator, body: str | bytes) -> None:
    answer = raw.post(fixed.url, "DetectLabels", body)
    assert answer.status == 400
    assert answer.code == ("ValidationException" if body == "" else "SerializationException")


def test_unknown_members_and_nulls_are_ignored_as_aws_does(fixed: Emulator) -> None:
    request = {"Image": IMAGE | {"Bytes": None}, "MaxLabels": None, "Novelty": 1}
    assert raw.post(fixed.url, "DetectLabels", request).status == 200


def test_the_target_and_the_content_type_choose_the_operation(fixed: Emulator) -> None:
    body = {"Image": IMAGE}
    assert (
        raw.post(fixed.url, "DetectLabels", body, Content_Type="application/x-amz-json-1.1; charset=utf-8").status
        == 200
    )
    assert raw.post(fixed.url, "DetectEverything", body).code == "UnknownOperationException"
    assert raw.post(fixed.url, None, body, X_Amz_Target="").code == "UnknownOperationException"
    assert raw.post(fixed.url, None, body, X_Amz_Target="DynamoDB.DetectLabels").code == "UnknownOperationException"
    for content_type in ("", "text/plain", "application/json"):
        answer = raw.post(fixed.url, "DetectLabels", body, Content_Type=content_type)
        assert (answer.status, answer.code) == (404, "UnknownOperationException")


def test_everything_else_aws_has_is_refused_by_name(fixed: Emulator) -> None:
    status = raw.get(fixed.url).document
    missing = sorted(operation_names() - set(status["operations"]))
    assert len(missing) >= 40
    for name in missing:
        answer = raw.post(fixed.url, name, _least_request(name))
        modelled = {shape.name for shape in service_model().operation_model(name).error_shapes}
        assert answer.status == 400, name
        assert answer.code in ("AccessDeniedException", "ResourceNotFoundException"), name
        assert answer.code in modelled, name
        assert name in answer.message
        strict.check_error(answer.document)


def test_every_recorded_answer_is_of_awss_shape(fixed: Emulator) -> None:
    place = {"S3Object": {"Bucket": "archive", "Name": "a.jpg"}}
    project = raw.post(fixed.url, "DescribeProjects", {}).document["ProjectDescriptions"][0]["ProjectArn"]
    versions = raw.post(fixed.url, "DescribeProjectVersions", {"ProjectArn": project}).document
    arns = {"ProjectArn": project} | {
        "ProjectVersionArn": versions["ProjectVersionDescriptions"][0]["ProjectVersionArn"]
    }
    for name in sorted(raw.get(fixed.url).document["operations"], key=_when):
        request = _least_request(name)
        request |= {member: arn for member, arn in arns.items() if member in request}
        members = ("Image", "SourceImage", "TargetImage", "Video")
        request |= {member: place for member in members if member in request}
        if "JobId" in request:
            request["JobId"] = raw.post(fixed.url, name.replace("Get", "Start", 1), _started(name)).document["JobId"]
        answer = raw.post(fixed.url, name, request)
        assert answer.status == 200, (name, answer.body)
        strict.check_answer(name, answer.document)
        assert answer.document, name


def _when(operation: str) -> int:
    """A model answers between its start and its stop."""
    return {"StartProjectVersion": 0, "StopProjectVersion": 2}.get(operation, 1)


def _started(get: str) -> Any:
    """What the Start of a Get takes at the least."""
    place = {"S3Object": {"Bucket": "archive", "Name": "a.mp4"}}
    return _least_request(get.replace("Get", "Start", 1)) | {"Video": place}


def _least_request(operation: str) -> Any:
    return _example(service_model().operation_model(operation).input_shape)


def _example(shape: Any) -> Any:
    """The least value the model allows."""
    least = shape.metadata.get("min", 0)
    match shape.type_name:
        case "structure":
            return {name: _example(shape.members[name]) for name in shape.required_members}
        case "list":
            return [_example(shape.member)] * max(1, least)
        case "map":
            return {}
        case "blob":
            return base64.b64encode(b"x" * max(1, least)).decode()
        case "string":
            return shape.enum[0] if shape.enum else _text(shape, max(1, least))
        case "boolean":
            return True
        case _:
            return least


def _text(shape: Any, least: int) -> str:
    arns = [
        "arn:aws:rekognition:us-east-1:123456789012:project/p/1234567890123",
        "arn:aws:rekognition:us-east-1:123456789012:project/p/version/v/1234567890123",
        "arn:aws:rekognition:us-east-1:123456789012:project/p/dataset/train/1234567890123",
        "arn:aws:iam::123456789012:role/reader",
        "arn:aws:kinesisvideo:us-east-1:123456789012:stream/s/1234567890123",
        "arn:aws:sns:us-east-1:123456789012:topic",
        "00000000-0000-0000-0000-000000000000",
    ]
    pattern = shape.metadata.get("pattern", "").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")
    plain = ["a" * least, "1" * least]
    return next(text for text in (*plain, *arns) if re.fullmatch(pattern or ".*", text) and len(text) >= least)


def test_every_example_the_model_allows_passes_the_check() -> None:
    for name in operation_names():
        assert isinstance(parse(name, json.dumps(_least_request(name)).encode()), dict)


def test_signatures_are_not_asked_for_unless_a_key_is_given(fixed: Emulator) -> None:
    assert raw.post(fixed.url, "ListCollections", {}, Authorization="nonsense").status == 200


def signed(url: str, body: bytes, key: str, secret: str) -> raw.Answer:
    headers = {"Content-Type": raw.CONTENT_TYPE, "X-Amz-Target": "RekognitionService.ListCollections"}
    request = botocore.awsrequest.AWSRequest("POST", f"{url}/", headers=headers, data=body)
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(key, secret), "rekognition", "us-east-1").add_auth(request)
    answer = raw.POOL.request("POST", f"{url}/", body=body, headers=dict(request.headers))
    return raw.Answer(answer.status, answer.headers, answer.data)


def test_with_a_key_only_its_signatures_pass(photo: Photo) -> None:
    with emulator("--engine", "fixed", "--verify-key", "AKIDEXAMPLE:the-secret") as running:
        url = running.url
        assert signed(url, b"{}", "AKIDEXAMPLE", "the-secret").status == 200
        assert signed(url, b"{}", "AKIDEXAMPLE", "another").code == "InvalidSignatureException"
        assert signed(url, b"{}", "AKIDOTHER", "the-secret").code == "UnrecognizedClientException"
        assert raw.post(url, "ListCollections", {}).code == "MissingAuthenticationTokenException"
        strange = raw.post(url, "ListCollections", {}, Authorization="Basic x").code
        assert strange == "IncompleteSignatureException"
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            strict.client(url).list_collections()


def test_an_old_signature_has_expired() -> None:
    with emulator("--engine", "fixed", "--verify-key", "AKIDEXAMPLE:the-secret") as running:
        scope = "Credential=AKIDEXAMPLE/20200101/us-east-1/rekognition/aws4_request"
        header = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
        old = {"Authorization": header, "X_Amz_Date": "20200101T000000Z"}
        answer = raw.post(running.url, "ListCollections", {}, **old)
        assert answer.code == "InvalidSignatureException"
        assert "expired" in answer.message


def test_status_and_unknown_paths(fixed: Emulator) -> None:
    status = raw.get(fixed.url)
    assert (status.status, status.document["ready"], status.document["engine"]) == (200, True, "fixed")
    assert raw.get(f"{fixed.url}/favicon.ico").status == 404
    assert raw.get(f"{fixed.url}/admin/nothing").status == 404
    assert raw.POOL.request("DELETE", fixed.url).status == 405


def test_requests_on_one_connection_are_answered_in_order(fixed: Emulator) -> None:
    good = b'{"Image": {"S3Object": {"Bucket": "archive", "Name": "a.jpg"}}}'
    head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nX-Amz-Target: RekognitionService.DetectLabels\r\n"
    one = head.format(raw.CONTENT_TYPE).encode() + b"Content-Length: %d\r\n\r\n%s"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    heard = raw.conversation(fixed.url, one % (len(good), good) + one % (2, b"{}") + last % (len(good), good))
    assert re.findall(rb"HTTP/1.1 (\d+)", heard) == [b"200", b"400", b"200"]


def test_a_client_that_waits_for_100_continue_gets_it(fixed: Emulator) -> None:
    head = (
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nConnection: close\r\n"
        "X-Amz-Target: RekognitionService.ListCollections\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    )
    with raw.connect(fixed.url) as line:
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 100 Continue")
        line.sendall(b"{}")
        assert line.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
    ],
)
def test_what_is_not_http_it_takes_is_refused_and_closed(fixed: Emulator, data: bytes, status: bytes) -> None:
    heard = raw.conversation(fixed.url, data)
    assert heard.split(b" ")[1] == status
    assert raw.get(fixed.url).status == 200


def test_a_body_without_end_is_cut_off(fixed: Emulator) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with raw.connect(fixed.url) as line:
        line.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                line.sendall(chunk)
    assert raw.get(fixed.url).status == 200
