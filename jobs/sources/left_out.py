"""What nobody means by "my pictures": job folders of our own, and what systems leave beside pictures.

Rule: what lies below a source is left out with a reason, never what the user named as the source itself. A folder on
disk is told by what is in it; an object by its key, since a listing comes by it before it has seen the rest.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from jobs.codes import Code
from jobs.sources.globs import skipped

# Folders of NAS boxes, archivers, desktops and recycle bins, with thumbnails, deleted files or old states in them.
BY_PRODUCTS = frozenset(
    (
        "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", ".@__thumb", "~snapshot", ".snapshot",
        "__MACOSX", ".AppleDouble", ".Spotlight-V100", ".fseventsd", ".Trashes", ".thumbnails", "$RECYCLE.BIN",
        "System Volume Information", "lost+found", "Thumbs.db", "ehthumbs.db", ".DS_Store",
    )
)  # fmt: skip
BY_PRODUCT_NAMES = frozenset(name.encode() for name in BY_PRODUCTS)

_JOB_ID = r"\d{8}-\d{6}-[0-9a-f]{4}"
_JOB_FOLDER = re.compile(_JOB_ID.encode())
_OWN = (
    rf"/{_JOB_ID}/(?:job\.json$|amended-\d+\.json$"
    r"|(?:manifest|duplicates|duplicates-\d+|results|retries|inputs|reports)/)"
)
_BY_PRODUCT = rf"/(?:{'|'.join(re.escape(name) for name in sorted(BY_PRODUCTS))}|\._[^/]*)(?:/|$)"
_EITHER = f"{_OWN}|{_BY_PRODUCT}"


def is_job_folder(name: bytes, files: list[bytes], folders: list[bytes]) -> bool:
    """Whether the directory `name` with these entries is a job of ours: a whole one under any name, or an unfinished
    one under the name we gave it."""
    if b"job.json" in files and b"manifest" in folders:
        return True
    return _JOB_FOLDER.fullmatch(name) is not None and (b"manifest" in folders or b"inputs" in folders)


def leave_out(batch: pa.RecordBatch, base: str) -> pa.RecordBatch:
    """ROW_SCHEMA rows of a source that begins at `base` (it ends in a slash), what is left out marked."""
    uris = batch.column("uri")
    if re.search(f"/{_JOB_ID}/|{_BY_PRODUCT}", base):  # the user named such a folder: only what is below it counts
        uris = pc.if_else(pc.starts_with(uris, base), pc.utf8_slice_codeunits(uris, len(base) - 1), uris)
    found = pc.match_substring_regex(uris, _EITHER)
    if not pc.any(found).as_py():
        return batch
    found = pc.and_(found, pc.invert(pc.match_substring_regex(batch.column("uri"), "^https?://")))
    own = pc.and_(found, pc.match_substring_regex(uris, _OWN))
    return skipped(skipped(batch, own, Code.OWN_OUTPUT), found, Code.BY_PRODUCT)


def is_left_out(path: str) -> bool:
    """Whether `path`, relative to a source, is left out of it by its name."""
    return re.search(_EITHER, f"/{path}") is not None
