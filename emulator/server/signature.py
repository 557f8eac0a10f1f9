"""AWS Signature Version 4, checked against one access key when the server is given one (`--verify-key ID:SECRET`)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from emulator.errors import AwsError, OptionError
from emulator.server.connections import Request

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request, *"
    r"SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})"
)
_SKEW = timedelta(minutes=15)


def region_of(request: Request) -> str:
    """The Region that a request is signed for; "" of one that is not signed so."""
    return _scope(request)[2]


def key_of(request: Request) -> str:
    """The id of the access key that it is signed with; the same."""
    return _scope(request)[0]


def _scope(request: Request) -> list[str]:
    scope = request.headers.get("authorization", "").partition("Credential=")[2].split("/", 3)
    return scope if len(scope) == 4 else [""] * 4


@dataclass(frozen=True, slots=True)
class Verifier:
    key_id: str
    secret: str

    def check(self, request: Request) -> None:
        """Raises what AWS answers; returns for a request signed with this key."""
        given = request.headers.get("authorization", "")
        if not given:
            raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token")
        match = _HEADER.fullmatch(given.strip())
        if match is None:
            raise AwsError("IncompleteSignatureException", "Authorization header is not AWS Signature Version 4.")
        key_id, day, region, service, signed, signature = match.groups()
        if key_id != self.key_id:
            raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.")
        moment = request.headers.get("x-amz-date", "")
        self._check_time(moment, day)
        scope = f"{day}/{region}/{service}/aws4_request"
        expected = self._signature(request, signed.split(";"), moment, scope)
        if service != "rekognition" or not hmac.compare_digest(expected, signature):
            raise AwsError(
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method.",
            )

    def _check_time(self, moment: str, day: str) -> None:
        try:
            at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise AwsError("IncompleteSignatureException", "x-amz-date is missing or malformed.") from None
        if moment[:8] != day or abs(datetime.now(UTC) - at) > _SKEW:
            raise AwsError("InvalidSignatureException", f"Signature expired or not yet valid: {moment}")

    def _signature(self, request: Request, signed: list[str], moment: str, scope: str) -> str:
        parts = urlsplit(request.target)
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
        )
        headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed)
        body = hashlib.sha256(request.body).hexdigest()
        canonical = "\n".join([request.method, parts.path or "/", query, headers, ";".join(signed), body])
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + self.secret.encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def parse_key(text: str | None) -> Verifier | None:
    if text is None:
        return None
    key_id, colon, secret = text.partition(":")
    if not (key_id and colon and secret):
        raise OptionError("--verify-key: write ACCESS_KEY_ID:SECRET_ACCESS_KEY")
    return Verifier(key_id, secret)
