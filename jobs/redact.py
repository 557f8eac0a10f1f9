"""Secrets taken out of text: names and passwords in URLs, signatures and tokens in their queries.

Rule: applied at the edges: what is printed, logged, put in a table or a status, or sent as a name. What it takes to
fetch an item again stays in one place, the job's manifest.
"""

import hashlib
import re
from urllib.parse import unquote

GONE = "***"

# Parameters that make up a signature: they differ each time a URL is signed and say nothing of what it names.
# Sources: SigV4 and CloudFront's docs (X-Amz-*, AWSAccessKeyId, Signature, Expires, Policy, Key-Pair-Id), Google's
# (X-Goog-*, GoogleAccessId), Azure's service SAS (sv, ss, srt, sp, st, se, spr, sip, sr, sig, sk*), Alibaba's
# (OSSAccessKeyId, security-token), Tencent's (q-*), Akamai's (hdnts, hdnea, hmac).
_SIGNS = r"(?:x-(?:amz|goog|oss|cos)-|q-)?signature|sig|hdnts|hdnea|hmac"
_OF_SIGNERS = r"x-(?:amz|goog|oss|cos)-[\w-]+|(?:aws|oss)accesskeyid|googleaccessid|key-pair-id|security-token"
_BESIDE = r"policy|expires|q-[\w-]+|s[vspter]|srt|spr|sip|sk(?:oid|tid|t|e|s|v)"  # only beside a signature
# Parameters that are a secret, and may be all that tells two URLs apart; or one that is easily guessed.
_GUESSABLE = r"(?:[\w.-]*[_.-])?(?:password|passwd|pwd|pass|secret)"
_KEYS = (
    r"(?:[\w.-]*[_.-])?(?:token|sig|auth|authorization|credentials?|jwt|api-?key|access-?key(?:-?id)?|session(?:-?id)?"
    r"|sid)|(?:access|auth|id|refresh|session|security)token|apikey|accesskey"
)

_ANY = re.compile(
    # Also in a URL that stands percent-encoded in another; there it is all the rest that goes.
    rf"([?&;#]|%3F|%26)({_SIGNS}|{_OF_SIGNERS}|{_GUESSABLE}|{_KEYS})(=|%3D)[^\s&;#'\"<>\\]*",
    re.IGNORECASE,
)
_USER = re.compile(r"(\w[\w+.-]*://)[^\s/?#'\"<>\\]*@")


def redact(text: str) -> str:
    """Any text, with the secrets of the URLs in it gone. What is text in JSON stays so."""
    return _ANY.sub(rf"\1\2\3{GONE}", _USER.sub(rf"\1{GONE}@", text))


def shown_url(url: str) -> str:
    """A service's URL, as of a Redis: its name and password gone, whatever signs they are of."""
    scheme, mark, rest = url.partition("://")
    _, at, place = rest.rpartition("@")
    return redact(f"{scheme}{mark}{GONE}@{place}" if at else url)


def shown_uri(uri: str) -> str:
    """A URI as tables have it: the same for the same thing however it was signed, different for different things.

    A signature becomes `signature=***`; a token becomes `***` and 16 digits of its SHA-256. A local path is as it
    was, and so is a URI without a secret.
    """
    if "://" not in uri or uri.startswith(("/", "file:")) or not any(sign in uri for sign in "@?#"):
        return uri
    uri = _USER.sub(rf"\1{GONE}@", uri)
    if uri.startswith("s3:"):
        return uri  # its key is a name to the last character
    uri, hash_mark, fragment = uri.partition("#")
    address, mark, query = uri.partition("?")
    end = redact(hash_mark + fragment)
    if not mark:
        return address + end
    parts = [part.partition("=") for part in query.split("&")]
    signed = any(_named(name, _SIGNS) for name, _, _ in parts)
    if signed:
        parts = [part for part in parts if not _named(part[0], _SIGNS, _OF_SIGNERS, _BESIDE)]
        parts.append(("signature", "=", GONE))
    return f"{address}?{'&'.join(_shown(*part) for part in parts)}{end}"


def hides_something(uri: str) -> bool:
    """Whether a table's URI lacks what it takes to fetch it."""
    return GONE in uri and "://" in uri


def _named(name: str, *patterns: str) -> bool:
    return any(re.fullmatch(pattern, unquote(name), re.IGNORECASE) for pattern in patterns)


def _shown(name: str, equals: str, value: str) -> str:
    if _named(name, _GUESSABLE):
        return f"{name}{equals}{GONE}"
    inner = unquote(value)
    if not value.startswith(GONE) and (
        _named(name, _KEYS, _OF_SIGNERS) or redact(inner) != inner
    ):  # a URL in the URL, too
        return f"{name}{equals}{GONE}{hashlib.sha256(value.encode()).hexdigest()[:16]}"
    return f"{name}{equals}{value}"
