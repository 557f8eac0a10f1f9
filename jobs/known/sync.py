"""Bringing the index up to date with the result parts of a home.

Rule: only `ok` rows of committed parts are known, answers that stand for an error code among them; a failure never is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.known.keys import call_id, content_id, form_of, with_files
from jobs.known.segments import RUN_ROWS, SCHEMA, WIDTH, Cover, Segments, in_order
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
    runs = _runs(_entries(folder, parts, calls))
    run = next(runs, None) or SCHEMA.empty_table()
    for later in runs:
        segments.write(run.to_batches(), {})
        run = later
    segments.write(run.to_batches(), {folder.job: Cover(digest, final)})  # last: the job is covered when all is there
    return True


def _runs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Sorted tables of RUN_ROWS entries or a little more."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) >= RUN_ROWS:
            yield in_order(pa.Table.from_batches(held, SCHEMA))
            held = []
    if held:
        yield in_order(pa.Table.from_batches(held, SCHEMA))


def _calls(folder: JobFolder) -> dict[tuple[str, bool], int]:
    """The calls of a job by API and by whether the picture was mended, for the APIs whose answers last."""
    spec = folder.spec
    fit = bool(spec.options.get("fit", True))
    return {
        (choice.api.name, mended): call_id(spec.account, choice, form_of(mended=mended, fit=fit))
        for choice in with_files(spec.apis, folder.read)
        if choice.api.reusable
        for mended in (False, True)
    }


def _entries(folder: JobFolder, parts: list[str], calls: Mapping[tuple[str, bool], int]) -> Iterator[pa.RecordBatch]:
    """An entry for each `ok` row of these parts; their answers are not read."""
    whole = ds.dataset(parts, schema=RESULT_SCHEMA, format="parquet", filesystem=folder.fs)
    ok = (ds.field("outcome") == "ok") & ds.field("content").is_valid() & ds.field("response").is_valid()
    lasting = pc.is_in(ds.field("api"), value_set=pa.array(sorted({api for api, _ in calls}), pa.string()))
    columns = ["content", "api", "item_id", "sent", "fit"]
    scanner = whole.scanner(columns, filter=ok & lasting, batch_readahead=2, fragment_readahead=2)
    for tagged in scanner.scan_batches():
        batch = tagged.record_batch
        apis, mended = batch.column("api").to_pylist(), pc.is_valid(batch.column("fit")).to_pylist()
        arrays = [
            pa.array([content_id(content) for content in batch.column("content").to_pylist()], pa.binary(WIDTH)),
            pa.array([calls[key] for key in zip(apis, mended, strict=True)], pa.int64()),
            pa.repeat(folder.job, batch.num_rows),
            pa.repeat(PurePosixPath(tagged.fragment.path).stem, batch.num_rows),
            batch.column("item_id"),
            pc.fill_null(pc.equal(batch.column("sent"), "known"), False),
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
