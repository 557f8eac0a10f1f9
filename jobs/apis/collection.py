"""What the APIs that work on a face collection share: its parameters, and the name an item's faces get in it.

Rule: the name (AWS's ExternalImageId) depends on the item's URI alone, never on its number in a job, because AWS keeps
a face once per (image, collection, ExternalImageId): scanning the archive again must not store its faces again.
"""

import hashlib
import re

from jobs.apis.base import Param, Preparation

NAME_PATTERN = r"[a-zA-Z0-9_.\-]{1,255}"  # botocore: CollectionId
NAME_LENGTH = 255  # botocore: ExternalImageId, alphabet [a-zA-Z0-9_.\-:]
QUALITY = ("NONE", "AUTO", "LOW", "MEDIUM", "HIGH")  # botocore: QualityFilter

COLLECTION = Param(
    "collection",
    "str",
    None,
    "name of the face collection: letters, digits, '_', '.' and '-', 255 at most",
    pattern=NAME_PATTERN,
    required=True,
)


def quality_filter(default: str) -> Param:
    return Param("quality_filter", "str", default, f"faces of low quality: {', '.join(QUALITY)}", choices=QUALITY)


def must_exist(collection: str) -> Preparation:
    """A free look that fails before the first paid call when the collection is not there."""
    return Preparation("DescribeCollection", {"CollectionId": collection})


def external_image_id(uri: str) -> str:
    """The ExternalImageId of the faces of the item at `uri`.

    Reversible by `uri_of` where it fits: letters, digits, '_', '.' and '-' stay, '/' becomes '::', every other UTF-8
    byte ':XX' in hexadecimal. Over 255 characters: ':h', a hash of the URI, ':' and the readable end of the URI.
    """
    name = re.sub(rb"[^a-zA-Z0-9_.\-]", _escape, uri.encode("utf-8", "surrogatepass")).decode("ascii")
    if name and len(name) <= NAME_LENGTH:
        return name
    head = f":h{hashlib.sha256(uri.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}:"
    return head + name[-(NAME_LENGTH - len(head)) :]


def uri_of(name: str | None) -> str | None:
    """The URI an ExternalImageId was made of; None where it was hashed or is not one of ours.

    A hashed one is found again by comparing `external_image_id` of the items of the manifest.
    """
    if not name or not _OURS.fullmatch(name):
        return None
    try:
        uri = re.sub(rb":(:|[0-9A-F]{2})", _unescape, name.encode("ascii")).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return uri if external_image_id(uri) == name and (uri.startswith("/") or _ADDRESS.match(uri)) else None


_OURS = re.compile(r"(?:[a-zA-Z0-9_.\-]|::|:[0-9A-F]{2})+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+]*://|[A-Za-z]:[\\/]")


def _escape(match: re.Match[bytes]) -> bytes:
    return b"::" if match[0] == b"/" else b":%02X" % match[0][0]


def _unescape(match: re.Match[bytes]) -> bytes:
    return b"/" if match[1] == b":" else bytes([int(match[1], 16)])
