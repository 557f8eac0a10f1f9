"""What S3 refused, as an error a person can act on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.faults import missing_permission
from jobs.aws.unreachable import is_about_credentials, unreachable
from jobs.errors import RekscanError

_CREDENTIALS = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch")
)
_REGION = frozenset(("PermanentRedirect", "AuthorizationHeaderMalformed", "301", "IllegalLocationConstraintException"))
_DENIED = frozenset(("AccessDenied", "403", "AllAccessDisabled"))

NO_OBJECT = frozenset(("NoSuchKey", "404"))


def code_of(error: Exception) -> str:
    """S3's error code (`AccessDenied`, `NoSuchKey`, `404`, ...), or the name of the client-side error."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "Unknown")
    return type(error).__name__


def explain(error: ClientError | BotoCoreError, uri: str, action: str = "s3:ListBucket") -> RekscanError:
    """The error met at `uri`, with what to do about it. `action`: what the credentials must allow for it."""
    if not isinstance(error, ClientError) or is_about_credentials(error):
        return unreachable(error)
    bucket = uri.removeprefix("s3://").partition("/")[0]
    code = code_of(error)
    if code == "NoSuchBucket":
        return RekscanError(
            f"there is no S3 bucket {bucket!r} at this endpoint",
            "Check its name; for a server of your own, check --endpoint-url or AWS_ENDPOINT_URL_S3.",
        )
    if code in _DENIED:
        needed = missing_permission(str(error)) or action
        scan = " (and s3:GetObject for the scan)" if needed == "s3:ListBucket" else ""
        on = "the key it is encrypted with" if needed.startswith("kms:") else f"bucket {bucket!r}{scan}"
        return RekscanError(
            f"S3 denies access to {uri}",
            f"The credentials need {needed} on {on}; `aws sts get-caller-identity` shows whose they are.",
        )
    if code in _CREDENTIALS:
        return RekscanError(f"S3 refuses the credentials ({code})", "Renew them, or choose others with --profile.")
    if code in _REGION:
        where = _region_of(error)
        return RekscanError(
            f"bucket {bucket!r} is in another Region{f', {where}' if where else ''}",
            f"Use --region {where or 'of the bucket'}: Rekognition reads only buckets of its own Region.",
        )
    if code in NO_OBJECT:
        return RekscanError(f"there is no object {uri}", "Check the key.")
    return RekscanError(f"S3 failed on {uri}: {error}", "Try again; if it stays, the message above is S3's own.")


@contextmanager
def explained(uri: str, action: str) -> Iterator[None]:
    """What S3 refuses in the block, as a RekscanError; an object that is not there as FileNotFoundError."""
    try:
        yield
    except ClientError as error:
        if code_of(error) in NO_OBJECT:
            raise FileNotFoundError(f"there is no object {uri}") from error
        raise explain(error, uri, action) from error
    except BotoCoreError as error:
        raise explain(error, uri, action) from error


def _region_of(error: Exception) -> str | None:
    if not isinstance(error, ClientError):
        return None
    details: dict[str, Any] = dict(error.response.get("Error", {}))
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found = details.get("Region") or headers.get("x-amz-bucket-region")
    return str(found) if found else None
