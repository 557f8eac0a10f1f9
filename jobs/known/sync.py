"""Bringing the index up to date with the result parts of a home.

Rule: only `ok` rows of committed parts are known, answers that stand for an error code among them; a failure never is.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.known.database import scratch
from jobs.known.keys import call_id, form_of, with_files
from jobs.known.segments import GROUP_ROWS, Cover, Segments
from jobs.outcomes import RESULT_SCHEMA


def sync(home: str, *, s3_url: str | None = None) -> None:
    """Index what jobs of a home have committed and the index has not."""
    segments = Segments(home, s3_url=s3_url)
    covered = _covered(segments)
    added = False
    for job in list_jobs(home, s3_url=s3_url):
        if not any(cover.final for cover in covered.get(job, ())):
            added |= _add(segments, JobFolder(home, job, s3_url=s3_url), covered.get(job, []), final=False)
    if added:
        segments.merge()


def extend(folder: JobFolder, *, final: bool) -> None:
    """Index what a job has committed. `final`: it is over, so later syncs need not look at it."""
    segments = Segments(folder.home, s3_url=folder.spec.s3_url)
    if _add(segments, folder, _covered(segments).get(folder.job, []), final=final):
        segments.merge()


def _covered(segments: Segments) -> dict[str, list[Cover]]:
    found: dict[str, list[Cover]] = {}
    for segment in segments.all():
        for job, cover in segment.covers.items():
            found.setdefault(job, []).append(cover)
    return found


def _add(segments: Segments, folder: JobFolder, covered: list[Cover], *, final: bool) -> bool:
    """A segment for one job; False when there is nothing new."""
    parts = [path for parts in folder.shard_parts().values() for path in (*parts.whole, *parts.partial, *parts.retries)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    if not parts or Cover(digest, True) in covered or Cover(digest, final) in covered:
        return False
    try:
        calls = _calls(folder)
    except (RekscanError, KeyError, TypeError, ValueError):
        return False  # a job of another version: its answers are not taken
    with scratch() as database:
        rows = pa.RecordBatchReader.from_batches(_ROWS, _rows(folder, parts))
        database.register("answered", rows)
        database.register("calls", calls)
        database.execute("create macro name_of(text) as unhex(substr(sha256(text), 1, 32))")
        found = database.sql("""
            select name_of(content) as content, call, job, part, item_id, copied
            from answered join calls using (api, mended) order by 1, 2""")
        segments.write(found.to_arrow_reader(GROUP_ROWS), {folder.job: Cover(digest, final)})
    return True


def _calls(folder: JobFolder) -> pa.Table:
    """The calls of a job by API and by whether the picture was mended, for the APIs whose answers last."""
    spec = folder.spec
    fit = bool(spec.options.get("fit", True))
    rows: list[Mapping[str, object]] = [
        {
            "api": choice.api.name,
            "mended": mended,
            "call": call_id(spec.account, choice, form_of(mended=mended, fit=fit)),
            "job": spec.job,
        }
        for choice in with_files(spec.apis, folder.read)
        if choice.api.reusable
        for mended in (False, True)
    ]
    return pa.Table.from_pylist(rows, schema=_CALLS)


def _rows(folder: JobFolder, parts: list[str]) -> Iterator[pa.RecordBatch]:
    """The `ok` rows of parts, without their answers."""
    whole = ds.dataset(parts, schema=RESULT_SCHEMA, format="parquet", filesystem=folder.fs)
    ok = (ds.field("outcome") == "ok") & ds.field("content").is_valid() & ds.field("response").is_valid()
    columns = ["content", "api", "item_id", "sent", "fit"]
    scanner = whole.scanner(columns, filter=ok, batch_readahead=2, fragment_readahead=2)
    for tagged in scanner.scan_batches():
        batch = tagged.record_batch
        if batch.num_rows:
            part = PurePosixPath(tagged.fragment.path).stem
            yield pa.RecordBatch.from_arrays(
                [
                    batch.column("content"),
                    batch.column("api"),
                    batch.column("item_id"),
                    pc.fill_null(pc.equal(batch.column("sent"), "known"), False),
                    pc.is_valid(batch.column("fit")),
                    pa.repeat(part, batch.num_rows),
                ],
                schema=_ROWS,
            )


_ROWS = pa.schema(
    [
        ("content", pa.string()),
        ("api", pa.string()),
        ("item_id", pa.int64()),
        ("copied", pa.bool_()),
        ("mended", pa.bool_()),
        ("part", pa.string()),
    ]
)
_CALLS = pa.schema([("api", pa.string()), ("mended", pa.bool_()), ("call", pa.int64()), ("job", pa.string())])
