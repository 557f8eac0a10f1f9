"""How a place is written in the manifest, and back: `uri_of` and `path_of` for local files, `split_s3` for objects,
`frame_uri` and `frame_of` for a moment of a film.

Rule: nothing is lost. `path_of(uri_of(p)) == os.path.abspath(p)` for every path the system can hold.
"""

import os
import re
from collections.abc import Iterable
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

FILE_STORE = "file-store"  # the emulator's bucket whose objects are files below a folder (docs/emulator.md)
_FILE = "file:///"
_NO_UTF_8 = re.compile("[\ud800-\udfff]")
_ELSEWHERE = re.compile(r"[a-z0-9]+://|arn:")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:s3:[a-z0-9-]+:\d{12}:accesspoint[/:][a-z0-9-]+"
    r"|s3-outposts:[a-z0-9-]+:\d{12}:outpost[/:][a-z0-9-]+[/:]accesspoint[/:][a-z0-9-]+)(?=/|$)"
)


def uri_of(path: bytes | str) -> str:
    """The manifest's name of a local path: absolute, as it is; `file:///%..` when its bytes are not UTF-8."""
    absolute = os.path.abspath(os.fsencode(path))  # noqa: PTH100  pathlib has no bytes paths
    try:
        return absolute.decode("utf-8")
    except UnicodeDecodeError:
        return "file://" + quote_from_bytes(absolute)


def path_of(uri: str) -> bytes:
    """The local path a manifest's `uri` names. Raises ValueError for one that names no local file."""
    if uri.startswith("/"):
        return uri.encode("utf-8")
    if uri.startswith(_FILE):
        return unquote_to_bytes(uri[len("file://") :])
    raise ValueError(f"not a local file: {uri!r}")


def own(path: str) -> str:
    """`~` and `~user` as the shell has them; of a user there is not, the path as it stands."""
    return os.path.expanduser(path)  # noqa: PTH111  pathlib raises there


def storable(source: str) -> str:
    """What a person named, as a document can have it: a path whose bytes are not UTF-8 as the manifest names it."""
    return uri_of(own(source)) if _NO_UTF_8.search(source) else source


def is_local(uri: str) -> bool:
    return uri.startswith(("/", _FILE))


def root_of(sources: Iterable[str]) -> str | None:
    """The folder that all of the local sources are in; None where there are none."""
    here = [os.path.abspath(source) for source in sources if source.startswith("/") or not _ELSEWHERE.match(source)]  # noqa: PTH100
    folders = [source if os.path.isdir(source) else os.path.dirname(source) for source in here]  # noqa: PTH112, PTH120
    return os.path.commonpath(folders) if folders else None


def object_of(uri: str, root: str | None) -> tuple[str, str]:
    """(bucket, key) by which a request names a film: an object of S3, or a file below `root` in the file store.

    Raises ValueError for a file that is not below it.
    """
    if not is_local(uri):
        return split_s3(uri)
    path = os.fsdecode(path_of(uri))
    if root is None or os.path.commonpath([path, root]) != root:
        raise ValueError(f"not below {root}: {uri!r}")
    return FILE_STORE, os.path.relpath(path, root)


def frame_uri(film: str, at_ms: int) -> str:
    """The manifest's name of a frame: `film.mp4#t=12.000`. Only the item's kind tells it from a file of that name."""
    return f"{film}#t={at_ms // 1000}.{at_ms % 1000:03d}"


def frame_of(uri: str) -> tuple[str, int]:
    """(the film, milliseconds) of a frame's name."""
    film, _, moment = uri.rpartition("#t=")
    seconds, _, rest = moment.partition(".")
    return film, int(seconds) * 1000 + int(rest)


def is_arn(bucket: str) -> bool:
    """Whether a bucket is named by an access point's ARN, which Rekognition does not take."""
    return bucket.startswith("arn:")


def split_s3(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` -> (bucket, key), the key as it is. Raises ValueError when there is no bucket.

    In place of the bucket there may be the ARN of an access point, on Outposts or not, whose own slashes belong to it.
    """
    rest = uri.removeprefix("s3://")
    arn = _ARN.match(rest)
    if is_arn(rest) and not arn:
        raise ValueError(f"not the ARN of an access point: {uri!r}")
    bucket, _, key = (arn[0], "", rest[arn.end() :].removeprefix("/")) if arn else rest.partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise ValueError(f"not an S3 URI: {uri!r}")
    return bucket, key


def is_aws(endpoint: str | None) -> bool:
    """Whether a service is AWS's own: no endpoint is given, or one of AWS's names."""
    host = urlsplit(endpoint).hostname or "" if endpoint else ""
    return not endpoint or host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def model_name(arn: str) -> str:
    """`logos/v1` of `arn:...:project/logos/version/v1/1767225600000`."""
    _, project, _, version, *_ = arn.split("/")
    return f"{project}/{version}"
