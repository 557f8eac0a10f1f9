"""Bringing the index up to date with the result parts of a home.

Rule: only `ok` rows of committed parts are known, answers that stand for an error code among them; a failure never is.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.apis import VideoChoice
from jobs.errors import RekscanError
from jobs.files import Aws, read_columns
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.folder.films import FilmItem, films_of
from jobs.known.buckets import Buckets, Records, names_of
from jobs.known.keys import call_id, form_of, with_files
from jobs.known.question import Question
from jobs.known.segments import SCHEMA, WIDTH, Cover, Segments, in_order
from jobs.ledger import FIRST_OF_FILMS

log = logging.getLogger(__name__)

OF_FILMS = 0  # the call of every answer on a film: its name in the index is that of the whole question


def sync(home: str, aws: Aws | None = None) -> None:
    """Index what jobs of a home have committed and the index has not."""
    segments = Segments(home, aws)
    covered = _covered(segments)
    added = False
    for job in list_jobs(home, aws):
        if not any(cover.final for cover in covered.get(job, ())):
            added |= _add(segments, JobFolder(home, job, aws), covered.get(job, []), final=False)
    if added:
        segments.merge()


def index_job(folder: JobFolder, *, final: bool) -> None:
    """Index what a job has committed. `final`: it is over, so later syncs need not look at it."""
    segments = Segments(folder.home, folder.aws)
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
    parts = [path for parts in folder.shard_parts().values() for path in parts.files]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    if not parts or Cover(digest, True) in covered or Cover(digest, final) in covered:
        return False
    try:
        calls = _calls(folder)
    except (RekscanError, KeyError, TypeError, ValueError):
        return False  # a job of another version: its answers are not taken
    try:
        with Buckets() as buckets:
            _fill(buckets, _answered(folder, parts, calls), calls)
            _fill_films(buckets, folder, parts)
            entries = (_sorted(folder.job, parts, records) for _, _, records in buckets.each() if len(records))
            batches = (batch for table in entries for batch in table.to_batches())
            segments.write(batches, {folder.job: Cover(digest, final)})
    except pa.ArrowInvalid as error:  # a half-written part: the job's own `resume` puts it aside
        log.warning("answers of %s are not taken: %s", folder.where, error)
        return False
    return True


def _fill(
    buckets: Buckets, answered: Iterator[tuple[pa.RecordBatch, int]], calls: Mapping[tuple[str, bool], int]
) -> None:
    for batch, part in answered:
        apis, mended = batch.column("api").to_pylist(), pc.is_valid(batch.column("fit")).to_pylist()
        buckets.add(
            names_of(batch.column("content").to_pylist()),
            call=np.array([calls[key] for key in zip(apis, mended, strict=True)], np.int64),
            item_id=batch.column("item_id").to_numpy(),
            copied=np.array(batch.column("sent").to_pylist()) == "known",
            part=np.int32(part),
        )


def _fill_films(buckets: Buckets, folder: JobFolder, parts: list[str]) -> None:
    """The answers on films: each by its question."""
    spec = folder.spec
    if not spec.films:
        return
    numbers = {path: number for number, path in enumerate(parts)}
    choices = {choice.api.name: choice for choice in spec.video_apis if choice.api.reusable}
    for shard, of_shard in folder.shard_parts().items():
        films = {film.item_id: film for film in films_of(folder, shard)} if shard >= FIRST_OF_FILMS else {}
        for path in of_shard.files if films else ():
            table = read_columns(folder.files, path, ["item_id", "api", "sent", "outcome"])
            told = [row for row in table.to_pylist() if row["outcome"] == "ok" and row["api"] in choices]
            asked = [(row, _known_by(spec, choices[row["api"]], films[row["item_id"]])) for row in told]
            rows = [(row, name) for row, name in asked if name is not None]
            if rows and path in numbers:
                buckets.add(
                    names_of(name for _, name in rows),
                    call=np.int64(OF_FILMS),
                    item_id=np.array([row["item_id"] for row, _ in rows], np.int64),
                    copied=np.array([row["sent"] == "known" for row, _ in rows]),
                    part=np.int32(numbers[path]),
                )


def _known_by(spec: JobSpec, choice: VideoChoice, film: FilmItem) -> str | None:
    """None for a film that was staged: nobody knows it by its name."""
    arguments, root = choice.arguments(), spec.options.film_root
    try:
        return Question(spec.account, spec.region, choice.api.operation, film, arguments, 0, root).known_by
    except ValueError:
        return None


def _sorted(job: str, parts: list[str], records: Records) -> pa.Table:
    columns = {
        "content": pa.array(np.ascontiguousarray(records["name"]).view("V16").tolist(), pa.binary(WIDTH)),
        "call": pa.array(records["call"]),
        "job": pa.repeat(job, len(records)),
        "part": pa.array([PurePosixPath(parts[n]).stem for n in records["part"].tolist()], pa.string()),
        "item_id": pa.array(records["item_id"]),
        "copied": pa.array(records["copied"]),
    }
    return in_order(pa.table(columns, schema=SCHEMA))


def _calls(folder: JobFolder) -> dict[tuple[str, bool], int]:
    """The calls of a job by API and by whether the picture was mended, for the APIs whose answers last."""
    spec = folder.spec
    return {
        (choice.api.name, mended): call_id(spec.account, choice, form_of(mended=mended, fit=spec.options.fit))
        for choice in with_files(spec.for_pictures, folder.read)
        if choice.api.reusable
        for mended in (False, True)
    }


def _answered(
    folder: JobFolder, parts: list[str], calls: Mapping[tuple[str, bool], int]
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The `ok` rows of these parts without their answers, and the number of the part they are in."""
    ok = (ds.field("outcome") == "ok") & ds.field("content").is_valid() & ds.field("response").is_valid()
    lasting = pc.is_in(ds.field("api"), value_set=pa.array(sorted({api for api, _ in calls}), pa.string()))

    def read(path: str) -> pa.Table:
        table = read_columns(folder.files, path, [*_COLUMNS, "outcome", "response"])
        return table.filter(ok & lasting).select(_COLUMNS)

    with ThreadPoolExecutor(_READERS) as pool:
        for start in range(0, len(parts), _TOGETHER):
            tables = pool.map(read, parts[start : start + _TOGETHER])
            yield from ((batch, number) for number, table in enumerate(tables, start) for batch in table.to_batches())


_COLUMNS = ["content", "api", "item_id", "sent", "fit"]
_READERS = 4  # parts read at once: of a home on S3 each takes a while
_TOGETHER = 64
