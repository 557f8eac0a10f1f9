"""What S3's refusal of one object means, by what can be done about it. Pure.

Rule: a verdict on the object itself (gone, replaced, archived) is made in jobs/media/origins.py; what comes here says
nothing of the picture.
Source: the error table of the S3 API reference (ErrorResponses.html) and botocore's exceptions.
"""

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from jobs.aws.faults import Fault, Kind, missing_permission, understand
from jobs.aws.s3_errors import code_of
from jobs.items import Item

_PASSES = frozenset(("SlowDown", "RequestTimeout", "OperationAborted", "ThrottlingException", "Throttling"))
_CREDENTIALS = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")
)
_DENIED = frozenset(("AccessDenied", "403", "AllAccessDisabled"))
_CUT = (HTTPClientError, IncompleteReadError, ResponseStreamingError, ChecksumError)
_RENEW = "Renew the credentials (`aws sts get-caller-identity` shows whether AWS takes them), then resume the job."
_CLOCK = "Set the clock of the worker's machine right (AWS takes no request signed minutes off), then resume the job."


def of_object(error: Exception, item: Item) -> Fault:
    """What `error`, raised by reading the object of `item`, means."""
    if isinstance(error, ClientError):
        return _answered(error, item)
    code, text = code_of(error), f"{item.uri}: {error}"
    if isinstance(error, BotoCoreError) and not isinstance(error, _CUT):
        found = understand(error, "GetObject")
        return Fault(found.kind, code, text, found.do)
    return Fault(Kind.TRANSIENT, code, text, "Is the network up, and S3's endpoint right? Then resume the job.")


def _answered(error: ClientError, item: Item) -> Fault:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{item.uri}: {error.response.get('Error', {}).get('Message') or code}"
    if code in _PASSES or status >= 500:
        return Fault(Kind.TRANSIENT, code, said, "S3 has trouble of its own. Resume the job later.")
    if code == "RequestTimeTooSkewed":
        return Fault(Kind.JOB, code, said, _CLOCK)
    if code in _CREDENTIALS:
        return Fault(Kind.JOB, code, said, _RENEW)
    if code in _DENIED or code.startswith("KMS."):
        return _denied(code, said, item)
    if code == "NoSuchBucket":
        return Fault(
            Kind.DENIED, code, said, "Correct the bucket's name in the list, or make the bucket, then resume the job."
        )
    return Fault(Kind.DENIED, code, said, "Read the message; it is S3's own. Then resume the job.")


def _denied(code: str, said: str, item: Item) -> Fault:
    """S3's short text ("Access Denied") names no action: it may be the object's, the key's or the listing's."""
    read = "s3:GetObjectVersion" if item.version else "s3:GetObject"
    missing = missing_permission(said)
    if missing is None and code.startswith("KMS."):
        missing = "kms:Decrypt"
    code = "AccessDenied" if code == "403" else code
    if missing is not None:
        return Fault(Kind.DENIED, code, f"{said} (missing: {missing})", f"Allow {missing} on it, then resume the job.")
    hint = f"missing: {read}, or kms:Decrypt on its key; without s3:ListBucket a deleted object says the same"
    return Fault(
        Kind.DENIED, code, f"{said} ({hint})", f"Allow {read} (and kms:Decrypt on its key), then resume the job."
    )


def named(fault: Fault, item: Item) -> Fault:
    """Rekognition's refusal of one object, with the object's name and what it may be that is missing."""
    read = "s3:GetObjectVersion" if item.version else "s3:GetObject"
    missing = missing_permission(fault.message)
    hint = missing or f"{read}, or kms:Decrypt on its key; or it is gone, archived or in another Region"
    do = f"Allow {missing or read} on it (and kms:Decrypt on its key), then resume the job."
    return Fault(fault.kind, fault.code, f"{item.uri}: {fault.message} (missing: {hint})", do)
