"""`estimate --sample N`: a paid pilot of N random images through the same workers a scan uses, and what it says.

Rule: nothing is paid before `approve`. The images are drawn with a fixed seed, so the same source gives the same pilot.
The pilot is a job of its own in the home, with its answers, tables and costs.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder import JobFolder, new_job_id
from jobs.plan.pilot import ApiSample
from jobs.uris import storable
from jobs.words import dollars, many
from rekscan.console.output import say
from rekscan.scans.approval import approve
from rekscan.scans.create import create
from rekscan.scans.draft import Draft, plan_of
from rekscan.scans.engine import Engine
from rekscan.scans.follow import follow
from rekscan.scans.open import open_job
from rekscan.scans.terms import Terms
from rekscan.scans.tried import PILOT

_VECTORS = "faces_indexed"  # column of the images table that counts the face vectors a call stored


def pilot(
    batch: pa.RecordBatch, sources: Sequence[str], terms: Terms, *, yes: bool, quiet: bool
) -> tuple[JobFolder, list[ApiSample]]:
    """Ask, run the images of `batch` as a job, and count what became of them. The job and the counts.

    Raises RekscanError if it is not approved; nothing was paid then.
    """
    if batch.num_rows == 0:
        raise RekscanError("there is no image to sample", "Give a source with pictures in it.")
    settings = terms.settings
    folder = JobFolder(settings.home, new_job_id(), settings.aws)
    counts = Counts()
    counts.add_batch(batch)
    small = plan_of(terms, counts)
    if terms.max_cost is not None and (small.total or 0) > terms.max_cost:  # what comes first is no fair sample
        what = f"a pilot of {many(batch.num_rows, 'image')} costs {dollars(small.total)}"
        raise RekscanError(f"{what}, over --max-cost {dollars(terms.max_cost)}", "Sample fewer images, or raise it.")
    try:
        with folder.manifest_writer() as writer:
            writer.add_batch(batch)
        payer = "the bundled emulator, so nobody bills it" if terms.local else "AWS"
        say(f"A pilot of {many(batch.num_rows, 'image')} costs {dollars(small.total)} at {payer}.")
        approve(
            small,
            yes=yes or terms.local,
            max_cost=terms.max_cost,
            threshold=settings.approve_under,
            accept_unknown=terms.local,
        )
        drafted = Draft(folder, tuple(f"{PILOT}{storable(source)}" for source in sources), counts, batch.num_rows)
        spec = create(drafted, terms, small)
    except BaseException:
        if folder.read("job.json") is None:
            folder.remove()
        raise
    with Engine(settings, local=terms.local) as engine:
        ledger = engine.start(spec)
        open_job(ledger, folder, rekognition_url=engine.rekognition_url)
        follow(ledger, folder, tend=engine.tend, quiet=quiet)
    return folder, list(samples(folder))


def samples(folder: JobFolder) -> Iterator[ApiSample]:
    """What became of each API's calls, from the job's result parts."""
    tables = [folder.result(paths) for paths in folder.result_parts().values()]
    for choice in folder.spec.apis:
        api = choice.api
        rows = [row for table in tables for row in _rows(table, api.name)]
        outcomes = [row["outcome"] for row in rows]
        answers = [orjson.loads(row["response"]) for row in rows if row["outcome"] == "ok"]
        names = api.brief_schema.names
        vectors = [int(api.brief(answer)[names.index(_VECTORS)] or 0) for answer in answers if _VECTORS in names]
        yield ApiSample(
            api=api.name,
            ok=outcomes.count("ok"),
            skipped=outcomes.count("skipped"),
            failed=outcomes.count("failed"),
            altered=sum(row["sent"] == "fitted" for row in rows),
            found=tuple(sum(1 for _ in api.rows(answer)) for answer in answers),
            vectors=tuple(vectors),
        )


def _rows(table: pa.Table, api: str) -> Iterable[dict[str, Any]]:
    mine = table.filter(pc.equal(table.column("api"), api))
    rows: list[dict[str, Any]] = mine.select(["outcome", "sent", "response"]).to_pylist()
    return rows
