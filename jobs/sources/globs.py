"""Globs of `--exclude` and `--include`: which files of a source are wanted, by their path inside it.

Rule: a glob without a slash is a name at any depth, one with a slash a path from the source's start; either matches a
folder with all below it. One translation serves Python (a walk that need not enter a folder) and Arrow (columns).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from jobs.codes import Code
from jobs.errors import UsageError

_SCHEME = r"^(?:[A-Za-z0-9+.-]+://[^/?#]*)?/"
_CLASS = re.compile(r"\[([!^]?)(\]?[^\]/]*)\]")


@dataclass(frozen=True, slots=True)
class Globs:
    """A file is wanted when a glob of `include` matches it (or there is none), and none of `exclude` does.

    Raises UsageError for a glob that matches nothing by its form.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    _wanted: str = field(init=False, repr=False, compare=False, default="")
    _unwanted: str = field(init=False, repr=False, compare=False, default="")

    def __post_init__(self) -> None:
        for name in ("include", "exclude"):
            object.__setattr__(self, name, tuple(map(_readable, getattr(self, name))))
        object.__setattr__(self, "_wanted", _any_of(self.include))
        object.__setattr__(self, "_unwanted", _any_of(self.exclude))

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)

    def excludes(self, path: str) -> bool:
        """Whether the folder at `path`, relative to the source, need not be entered."""
        return bool(self._unwanted) and re.search(self._unwanted, f"{path}/") is not None

    def apply(self, batch: pa.RecordBatch, base: str) -> pa.RecordBatch:
        """The rows of a source that begins at `base`, unwanted ones marked as excluded."""
        if not self or not batch.num_rows:
            return batch
        path = _relative(batch.column("uri"), base)
        out = pa.array([False] * len(path))
        if self._wanted:
            out = pc.invert(pc.match_substring_regex(path, self._wanted))
        if self._unwanted:
            out = pc.or_(out, pc.match_substring_regex(path, self._unwanted))
        return skipped(batch, out, Code.EXCLUDED)


def skipped(batch: pa.RecordBatch, rows: pa.Array, code: Code) -> pa.RecordBatch:
    """`batch` with `code` as the reason of those `rows` that have none yet."""
    skip = batch.column("skip")
    marked = pc.if_else(pc.and_(rows, pc.is_null(skip)), pa.scalar(code.value), skip)
    return batch.set_column(batch.schema.get_field_index("skip"), batch.schema.field("skip"), marked)


def _relative(uris: pa.Array, base: str) -> pa.Array:
    """Paths inside the source; of what a list names elsewhere the path from the root, the key, or the URL's path."""
    elsewhere = pc.replace_substring_regex(uris, _SCHEME, "")
    web = pc.match_substring_regex(uris, "^https?://")
    elsewhere = pc.if_else(web, pc.replace_substring_regex(elsewhere, r"(?s)[?#].*$", ""), elsewhere)
    inside = pc.utf8_slice_codeunits(uris, len(base))
    found = pc.if_else(pc.starts_with(uris, base), inside, elsewhere)
    coded = pc.starts_with(uris, "file:///")
    if not pc.any(coded).as_py():
        return found
    start = _decoded(base)
    decoded = [_decoded(uri).removeprefix(start).removeprefix("/") for uri in uris.filter(coded).to_pylist()]
    return pc.replace_with_mask(found, coded, pa.array(decoded, pa.string()))


def _decoded(uri: str) -> str:
    return unquote(uri.removeprefix("file://"), errors="replace") if uri.startswith("file:///") else uri


def _readable(glob: str) -> str:
    """Bytes that are no UTF-8 as names of files have them here (`_decoded`)."""
    return glob.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _any_of(globs: Iterable[str]) -> str:
    """One regular expression, the same to Python and to Arrow (RE2); "" for no glob."""
    found = "|".join(_translated(glob) for glob in globs)
    return rf"(?s)^(?:{found})(?:/|$)" if found else ""


def _translated(glob: str) -> str:
    path = glob.strip("/")
    pattern = _path(path) if "/" in glob.rstrip("/") else f"(?:.*/)?{_path(path)}"
    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{glob!r} is not a glob: {error}", "Write name.jpg, *.jpg, folder or folder/**/x.jpg."
        ) from None
    if not path:
        raise UsageError(f"{glob!r} is not a glob", "Write name.jpg, *.jpg, folder or folder/**/x.jpg.")
    return pattern


def _path(glob: str) -> str:
    found, at = "", 0
    while at < len(glob):
        if glob.startswith("**/", at):
            found, at = found + "(?:.*/)?", at + 3
        elif glob.startswith("**", at):
            found, at = found + ".*", at + 2
        elif glob[at] == "*":
            found, at = found + "[^/]*", at + 1
        elif glob[at] == "?":
            found, at = found + "[^/]", at + 1
        elif glob[at] == "[" and (which := _CLASS.match(glob, at)) and which[2]:
            found, at = found + _class(which[1], which[2]), which.end()
        else:
            found, at = found + re.escape(glob[at]), at + 1
    return found


def _class(negated: str, members: str) -> str:
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", members)
    return f"[^/{inside}]" if negated else f"[{inside}]"


EVERYTHING = Globs()
