"""What an error of a call means, by what can be done about it. Pure.

Source of codes and their meaning: the exception table of the Rekognition developer guide (error-handling.html,
limits.html) and botocore's service model; the codes outside the model are AWS's common errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from jobs.codes import Code


class Kind(Enum):
    THROTTLED = "throttled"  # not billed; slow down, try again
    TRANSIENT = "transient"  # not billed; try again
    AWAY = "away"  # nobody there to ask: wait, then stop the job
    UNKNOWN = "unknown"  # sent, the answer never came: maybe billed; try again
    JOB = "job"  # every call will fail so: stop the job
    ITEM = "item"  # this call fails, the others need not
    STRANGE = "strange"  # a refusal that nobody knows: of this item while it is rare (jobs/ledger/health.lua)
    DENIED = "denied"  # of this item, or of every one: what becomes of the others will tell (workers/calls/streak.py)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    code: str
    message: str
    do: str = ""

    @property
    def of_service(self) -> bool:
        """Whether it may be the service that is not well, or what is before it."""
        return self.kind in (Kind.TRANSIENT, Kind.AWAY, Kind.UNKNOWN, Kind.STRANGE)


class Told(Exception):
    """Raised in place of an error whose meaning is known already."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


_THROTTLES = {
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
}
_TRANSIENT = {
    "InternalServerError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "RequestTimeoutException",
}
_CREDENTIALS = (
    "Renew the credentials (`aws sts get-caller-identity` shows whether AWS takes them), then resume the job."
)
_CLOCK = "Set the clock of the worker's machine right (AWS takes no request signed minutes off), then resume the job."
_AWAY = "Nothing was sent. Is the network up, and the endpoint right? Then resume the job."
_ACCESS = "Allow rekognition:{operation} (and s3:GetObject on the source) for these credentials, then resume the job."
_OBJECTS = "Allow s3:GetObject on the source for these credentials, then resume the job."
_PROXY = "Nothing was sent. Is the proxy up (HTTPS_PROXY, NO_PROXY)? Then resume the job."
_CERTIFICATE = "Trust the server's certificate (AWS_CA_BUNDLE, or ca_bundle in AWS's config), then resume the job."
_OURS = "Mend what the message names (AWS's config and credentials, the installation), then resume the job."
_JOB = {
    "AccessDeniedException": _ACCESS,
    "AccessDenied": _ACCESS,
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "OptInRequired": "Enable the Region or Rekognition for this account, then resume the job.",
    "SubscriptionRequiredException": "Enable Rekognition for this account, then resume the job.",
    "ResourceNotFoundException": "Create what the message names (collection, project version), then resume the job.",
    "ResourceNotReadyException": "Start the model or adapter, then resume the job.",
    "ServiceQuotaExceededException": "Make room or raise the quota, then resume the job.",
    "LimitExceededException": "Wait or raise the limit, then resume the job.",
    "UnknownOperationException": "This endpoint does not offer {operation}; leave the API out.",
}
_ITEM = {
    "InvalidParameterException",
    "InvalidImageFormatException",
    "ImageTooLargeException",
    "ValidationException",
    "ValidationError",
}

# AWS: "Signature expired: 20261126T101500Z is now earlier than ..." and "Signature not yet current: ...".
_SIGNATURE = {"InvalidSignatureException", "SignatureDoesNotMatch"}
_OFF_CLOCK = re.compile(r"signature (has )?expired|not yet (current|valid)", re.IGNORECASE)


# Client-side errors about credentials: CredentialRetrievalError (credential_process), MetadataRetrievalError (of a
# machine's role), SSOTokenLoadError, RefreshWithMFAUnsupportedError, ProfileNotFound, ...
_OF_CREDENTIALS = re.compile(r"Credential|Metadata|SSO|Token|MFA|Login|Profile")
_UNTRUSTED = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify|doesn't match|self.signed", re.IGNORECASE)

# Rekognition reads an S3Object with the caller's rights. "Unable to get object metadata from S3. Check object key,
# region and/or access permissions." stands for a missing key, a denial, another Region, KMS and an archived object.
_OF_OBJECT = {"InvalidS3ObjectException"}
_NAMES_OBJECT = re.compile(r"\b(s3|kms):[A-Z]|arn:aws[\w-]*:(s3|kms):|Unable to get object metadata", re.IGNORECASE)
_NOT_ALLOWED = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)")


def missing_permission(message: str) -> str | None:
    """The action that AWS says these credentials may not do (`kms:Decrypt`), where it says so."""
    found = _NOT_ALLOWED.search(message)
    return found[1] if found else None


def is_off_clock(error: Exception) -> bool:
    """Whether AWS takes no request of this machine because its clock is wrong."""
    details = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    return _JOB.get(code) is _CLOCK or (code in _SIGNATURE and bool(_OFF_CLOCK.search(message)))


def understand(error: Exception, operation: str) -> Fault:
    """What `error`, raised by a call of `operation`, means."""
    if isinstance(error, ClientError):
        return _answered(error, operation)
    if isinstance(error, Told):
        return error.fault
    name, text = type(error).__name__, str(error)
    if isinstance(error, ParamValidationError):
        return Fault(Kind.ITEM, name, text)
    if isinstance(error, SSLError) and _UNTRUSTED.search(text):
        return Fault(Kind.JOB, name, text, _CERTIFICATE)
    if isinstance(error, ProxyConnectionError):
        return Fault(Kind.AWAY, name, text, _PROXY)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError | SSLError):
        return Fault(Kind.AWAY, name, text, _AWAY)
    if isinstance(error, ReadTimeoutError | HTTPClientError | ResponseStreamingError | ResponseParserError):
        return Fault(Kind.UNKNOWN, name, text)
    if isinstance(error, BotoCoreError):  # raised before anything was sent, and no word of the picture
        return Fault(Kind.JOB, name, text, _CREDENTIALS if _OF_CREDENTIALS.search(name) else _OURS)
    return Fault(Kind.UNKNOWN, name, text)


def unreadable(answer: Mapping[str, Any]) -> Fault:
    """Of a 200 without any member of an answer: botocore reads a body that is not JSON (a proxy's page, a cut answer)
    as one. `Sample`: the body's beginning, where the lean way read it."""
    about = answer.get("ResponseMetadata", {})
    seen = about.get("Sample") or about.get("HTTPHeaders", {}).get("content-type", "")
    what = "the answer's body is not what the service sends"
    return Fault(Kind.UNKNOWN, Code.UNREADABLE_ANSWER, f"{what}: {seen}" if seen else what)


def _answered(error: ClientError, operation: str) -> Fault:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    code = code.rpartition("#")[2]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLES:
        return Fault(Kind.THROTTLED, code, message)
    if code in _TRANSIENT or status >= 500:
        return Fault(Kind.TRANSIENT, code, message)
    if is_off_clock(error):
        return Fault(Kind.JOB, code, message, _CLOCK)
    if code in _OF_OBJECT or (code in _JOB and _NAMES_OBJECT.search(message)):
        return Fault(Kind.DENIED, code, message, _OBJECTS)
    if code in _JOB:
        return Fault(Kind.JOB, code, message, _JOB[code].format(operation=operation))
    if status == 200:  # an answer that is no answer
        return Fault(Kind.UNKNOWN, code, message)
    return Fault(Kind.ITEM if code in _ITEM else Kind.STRANGE, code, message)
