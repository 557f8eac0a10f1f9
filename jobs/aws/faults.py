"""What an error of a call means, by what can be done about it. Pure.

Source of codes and their meaning: the exception table of the Rekognition developer guide (error-handling.html,
limits.html) and botocore's service model; the codes outside the model are AWS's common errors.
"""

import re
from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError


class Kind(Enum):
    THROTTLED = "throttled"  # not billed; slow down, try again
    TRANSIENT = "transient"  # not billed; try again
    AWAY = "away"  # nobody there to ask: wait, then stop the job
    UNKNOWN = "unknown"  # sent, the answer never came: maybe billed; try again
    JOB = "job"  # every call will fail so: stop the job
    ITEM = "item"  # this call fails, the others need not


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    code: str
    message: str
    do: str = ""


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
_SOURCE = "Allow s3:GetObject on the source for these credentials, then resume the job."
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

# AWS: "Signature expired: 20261126T101500Z is now earlier than ..." and "Signature not yet current: ...".
_SIGNATURE = {"InvalidSignatureException", "SignatureDoesNotMatch"}
_OFF_CLOCK = re.compile(r"signature (has )?expired|not yet (current|valid)", re.IGNORECASE)


def understand(error: Exception, operation: str) -> Fault:
    """What `error`, raised by a call of `operation`, means."""
    if isinstance(error, ClientError):
        return _answered(error, operation)
    text = str(error)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | TokenRetrievalError):
        return Fault(Kind.JOB, type(error).__name__, text, _CREDENTIALS)
    if isinstance(error, ParamValidationError):
        return Fault(Kind.ITEM, "ParamValidationError", text)
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return Fault(Kind.AWAY, type(error).__name__, text, _AWAY)
    if isinstance(error, ReadTimeoutError | HTTPClientError | ResponseStreamingError | ResponseParserError):
        return Fault(Kind.UNKNOWN, type(error).__name__, text)
    if isinstance(error, BotoCoreError):
        return Fault(Kind.ITEM, type(error).__name__, text)
    return Fault(Kind.UNKNOWN, type(error).__name__, text)


def unreadable_source(code: str, message: str) -> Fault:
    """What S3 says of an object and would say of any other."""
    return Fault(Kind.JOB, code, message, _CLOCK if code == "RequestTimeTooSkewed" else _SOURCE)


def _answered(error: ClientError, operation: str) -> Fault:
    details = error.response.get("Error", {})
    code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    code = code.rpartition("#")[2]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLES:
        return Fault(Kind.THROTTLED, code, message)
    if code in _TRANSIENT or status >= 500:
        return Fault(Kind.TRANSIENT, code, message)
    if code in _SIGNATURE and _OFF_CLOCK.search(message):
        return Fault(Kind.JOB, code, message, _CLOCK)
    if code in _JOB:
        return Fault(Kind.JOB, code, message, _JOB[code].format(operation=operation))
    if status == 200:  # an answer that is no answer
        return Fault(Kind.UNKNOWN, code, message)
    return Fault(Kind.ITEM, code, message)
