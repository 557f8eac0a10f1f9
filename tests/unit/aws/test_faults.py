"""What errors mean: the picture's, this machine's, everybody's."""

import errno
from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.exceptions import ClientError

from jobs.aws.faults import Kind, understand
from jobs.aws.object_faults import named, of_object
from jobs.items import Item
from jobs.media.file_faults import of_file

ITEM = Item(0, "s3://archive/a.jpg", "image")
VERSION = Item(0, "s3://archive/a.jpg", "image", version="v1")


def refusal(code: str, message: str = "no", status: int = 403) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject"
    )


@pytest.mark.parametrize(
    ("error", "kind", "do"),
    [
        (aws.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"), Kind.JOB, "credentials"),
        (aws.MetadataRetrievalError(error_msg="503"), Kind.JOB, "credentials"),
        (aws.SSOTokenLoadError(error_msg="none"), Kind.JOB, "credentials"),
        (aws.UnauthorizedSSOTokenError(), Kind.JOB, "credentials"),
        (aws.RefreshWithMFAUnsupportedError(), Kind.JOB, "credentials"),
        (aws.TokenRetrievalError(provider="sso", error_msg="expired"), Kind.JOB, "credentials"),
        (aws.NoCredentialsError(), Kind.JOB, "credentials"),
        (aws.ProxyConnectionError(proxy_url="http://proxy:3128"), Kind.AWAY, "proxy"),
        (aws.SSLError(endpoint_url="https://x", error="CERTIFICATE_VERIFY_FAILED"), Kind.JOB, "AWS_CA_BUNDLE"),
        (aws.SSLError(endpoint_url="https://x", error="EOF occurred in violation of protocol"), Kind.AWAY, "network"),
        (aws.EndpointConnectionError(endpoint_url="https://x"), Kind.AWAY, "network"),
        (aws.MissingDependencyException(msg="awscrt"), Kind.JOB, "message names"),
        (aws.ReadTimeoutError(endpoint_url="https://x"), Kind.UNKNOWN, ""),
        (aws.ParamValidationError(report="Image"), Kind.ITEM, ""),
        (refusal("InvalidS3ObjectException", "Unable to get object metadata", 400), Kind.DENIED, "s3:GetObject"),
        (refusal("AccessDeniedException", "not authorized to perform: rekognition:X"), Kind.JOB, "rekognition:"),
        (refusal("AccessDeniedException", "not authorized to perform: s3:GetObject on x"), Kind.DENIED, "s3:GetObject"),
        (refusal("InvalidImageFormatException", status=400), Kind.ITEM, ""),
        (refusal("TeapotException", status=418), Kind.STRANGE, ""),
        (refusal("302", "<html>", status=302), Kind.STRANGE, ""),
        (refusal("InternalServerError", status=500), Kind.TRANSIENT, ""),
    ],
)  # fmt: skip
def test_what_an_error_of_a_call_means(error: Exception, kind: Kind, do: str) -> None:
    fault = understand(error, "DetectFaces")
    assert fault.kind is kind
    assert do in fault.do


def test_every_error_of_botocore_is_ours_until_shown_otherwise() -> None:
    assert understand(type("NewInBotocore", (aws.BotoCoreError,), {})(), "DetectFaces").kind is Kind.JOB


@pytest.mark.parametrize(
    ("error", "item", "kind", "says"),
    [
        (refusal("AccessDenied", "Access Denied"), ITEM, Kind.DENIED, "s3:GetObject,"),
        (refusal("AccessDenied", "Access Denied"), VERSION, Kind.DENIED, "s3:GetObjectVersion,"),
        (refusal("AccessDenied", "not authorized to perform: kms:Decrypt on"), ITEM, Kind.DENIED, ": kms:Decrypt"),
        (refusal("KMS.DisabledException", "key is disabled", 400), ITEM, Kind.DENIED, "kms:Decrypt"),
        (refusal("403", ""), ITEM, Kind.DENIED, "s3:GetObject,"),
        (refusal("NoSuchBucket", status=404), ITEM, Kind.DENIED, "s3://archive/a.jpg"),
        (refusal("ExpiredToken"), ITEM, Kind.JOB, ""),
        (refusal("RequestTimeTooSkewed"), ITEM, Kind.JOB, ""),
        (refusal("SlowDown", status=503), ITEM, Kind.TRANSIENT, ""),
        (refusal("InternalError", status=500), ITEM, Kind.TRANSIENT, ""),
        (aws.EndpointConnectionError(endpoint_url="https://x"), ITEM, Kind.AWAY, ""),
        (aws.CredentialRetrievalError(provider="p", error_msg="e"), ITEM, Kind.JOB, ""),
        (aws.ResponseStreamingError(error="cut"), ITEM, Kind.TRANSIENT, ""),
        (aws.ConnectTimeoutError(endpoint_url="https://x"), ITEM, Kind.AWAY, ""),
        (aws.ProxyConnectionError(proxy_url="http://proxy"), ITEM, Kind.AWAY, ""),
        (aws.SSLError(endpoint_url="https://x", error="CERTIFICATE_VERIFY_FAILED"), ITEM, Kind.JOB, ""),
        (aws.ReadTimeoutError(endpoint_url="https://x"), ITEM, Kind.TRANSIENT, ""),
        (ConnectionResetError("reset"), ITEM, Kind.TRANSIENT, ""),
    ],
)  # fmt: skip
def test_what_an_error_of_reading_an_object_means(error: Any, item: Item, kind: Kind, says: str) -> None:
    fault = of_object(error, item)
    assert fault.kind is kind
    assert says in fault.message
    assert item.uri in fault.message
    assert fault.do


def test_rekognitions_refusal_is_told_with_the_object_and_what_may_be_missing() -> None:
    fault = understand(
        refusal("InvalidS3ObjectException", "Unable to get object metadata from S3.", 400), "DetectFaces"
    )
    told = named(fault, VERSION)
    assert "s3://archive/a.jpg" in told.message
    assert "s3:GetObjectVersion" in told.message


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ELOOP])
def test_what_is_said_of_a_file_is_a_verdict_on_it(number: int) -> None:
    assert of_file(OSError(number, "no"), "/a.jpg") is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_this_machine_lacks_is_waited_for_and_then_the_jobs(number: int) -> None:
    fault = of_file(OSError(number, "no"), "/a.jpg")
    assert fault is not None
    assert fault.kind is Kind.AWAY


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN, errno.ENOTCONN, 9999])
def test_trouble_of_a_disk_or_share_is_no_verdict(number: int) -> None:
    fault = of_file(OSError(number, "no"), "/a.jpg")
    assert fault is not None
    assert fault.kind is Kind.TRANSIENT
