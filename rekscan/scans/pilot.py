"""`estimate --pilot N`: a paid pilot of N random images through the same workers a scan uses, and what it says.

Rule: nothing is paid before `approve`, nor where a cap has less left than the pilot costs; what is known costs nothing.
The images are drawn with a fixed seed, so the same source gives the same pilot. The pilot is a job of its own in the
home, with its answers, tables and costs; with `--near` its pairs are another.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.costs import reckon, tally
from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder import JobFolder, new_job_id
from jobs.known.buckets import Records
from jobs.ledger import Ledger
from jobs.near.groups import write_found
from jobs.plan.pilot import ApiSample
from jobs.plan.values import Plan
from jobs.uris import storable
from jobs.words import dollars, many
from rekscan.console.output import say
from rekscan.scans.approval import approve
from rekscan.scans.create import create
from rekscan.scans.draft import Draft, plan_of
from rekscan.scans.engine import Engine
from rekscan.scans.follow import follow
from rekscan.scans.following import Following
from rekscan.scans.models import check_models, make_models_run, models_kept, models_stopped
from rekscan.scans.month_cap import cap_of, refuse_over
from rekscan.scans.open import open_job, starting
from rekscan.scans.pairs import Pairs, source_of_pairs
from rekscan.scans.savings import KnownCalls, known_of_drawn
from rekscan.scans.terms import Terms
from rekscan.scans.tried import PILOT
from rekscan.settings import Settings

_VECTORS = "faces_indexed"  # column of the images table that counts the face vectors a call stored


def pilot(
    batch: pa.RecordBatch, pairs: Pairs | None, sources: Sequence[str], terms: Terms, *, yes: bool, quiet: bool
) -> tuple[JobFolder, JobFolder | None]:
    """Ask, run the images of `batch` as a job, then `pairs` as another, within the same cap. The job, and the pairs'.

    Raises RekscanError if it is not approved; nothing was paid then. Or where it stops short, as at the month's cap.
    """
    if batch.num_rows == 0:
        raise RekscanError("there is no image to sample", "Give a source with pictures in it.")
    settings, near, terms = terms.settings, terms.near, check_models(replace(terms, near=None))
    stored = [storable(source) for source in sources]
    parts = [_part(tuple(f"{PILOT}{source}" for source in stored), batch, terms, known_of_drawn(batch, terms))]
    if pairs is not None and near is not None and len(pairs.found):
        parts.append(
            _part_of_pairs(tuple(f"{source_of_pairs(near)}{source}" for source in stored), pairs, batch, terms)
        )
    _approve(parts, terms, yes=yes)
    folders, left = [], terms.max_cost
    names = sorted(new_job_id() for _ in parts)
    with Engine(settings, local=terms.local) as engine, ExitStack() as kept:
        for part, name, later in zip(parts, names, [*names[1:], ""], strict=True):
            folders.append(folder := part.create(name, left))
            ledger = engine.start(folder.spec)
            with kept.pop_all() as until_open:
                if later:
                    kept.enter_context(models_kept(ledger, folder, settings, later))
                _run(engine, ledger, folder, settings, opened=until_open.close, quiet=quiet)
            left = _left(folder, left)
    folder, *of_pairs = folders
    return folder, of_pairs[0] if of_pairs else None


def _run(
    engine: Engine, ledger: Ledger, folder: JobFolder, settings: Settings, *, opened: Callable[[], None], quiet: bool
) -> None:
    """`opened`: called once it is on the table."""
    url = engine.rekognition_url
    with models_stopped(ledger, folder, settings):
        with starting(ledger, folder.job):
            make_models_run(ledger, folder, settings, url)
            open_job(ledger, folder, rekognition_url=url)
        opened()
        ended = follow(ledger, folder, tend=engine.tend, quiet=quiet)
    if ended.state != "finished":
        why = f"{ended.state}, {ended.reason}" if ended.reason else ended.state
        raise RekscanError(
            f"the pilot (job {folder.job}) stopped short ({why}), and what comes first is no fair sample",
            f"{ended.do} Then ask for the same pilot again: what was answered is known.".strip(),
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A job that is still to be made. `found`: its pairs."""

    sources: tuple[str, ...]
    images: pa.RecordBatch
    terms: Terms
    plan: Plan
    found: Records | None = None

    def create(self, job: str, max_cost: Decimal | None) -> JobFolder:
        """Raises OSError or RekscanError where it cannot be; nothing of it is left then."""
        settings, counts = self.terms.settings, Counts()
        folder = JobFolder(settings.home, job, settings.aws)
        counts.add_batch(self.images)
        try:
            with folder.manifest_writer() as writer:
                writer.add_batch(self.images)
            if self.found is not None:
                write_found(folder, self.found)
            drafted = Draft(folder, self.sources, counts, self.images.num_rows)
            create(drafted, replace(self.terms, max_cost=max_cost), self.plan)
        except BaseException:
            if folder.read("job.json") is None:
                folder.remove()
            raise
        return folder


def _part(sources: tuple[str, ...], images: pa.RecordBatch, terms: Terms, known: KnownCalls) -> _Part:
    """`known`: what is answered by then."""
    counts = Counts()
    counts.add_batch(images)
    return _Part(sources, images, terms, plan_of(terms, counts, known))


def _part_of_pairs(sources: tuple[str, ...], pairs: Pairs, batch: pa.RecordBatch, terms: Terms) -> _Part:
    """Only of APIs that let pictures inherit. What the pilot asks before is known."""
    both = pc.is_in(pairs.images.column("uri"), value_set=batch.column("uri"))
    choices = tuple(choice for choice in terms.choices if choice.inherits)
    terms = replace(terms, choices=choices, first=(), again=False)
    others = known_of_drawn(pairs.images.filter(pc.invert(both)), terms)
    calls = {choice.api.name: pc.sum(both).as_py() + others.calls.get(choice.api.name, 0) for choice in choices}
    return replace(_part(sources, pairs.images, terms, replace(others, calls=calls)), found=pairs.found)


def _approve(parts: Sequence[_Part], terms: Terms, *, yes: bool) -> None:
    """All of it at once. Raises RekscanError where it is not, or would pass the cap."""
    lines = tuple(line for part in parts for line in part.plan.lines)
    rates = tuple(rate for part in parts for rate in part.plan.rates)
    whole = replace(parts[0].plan, lines=lines, rates=rates)
    what = " and ".join([many(parts[0].images.num_rows, "image"), *_said_of_pairs(parts[1:])])
    if terms.max_cost is not None and (whole.total or 0) > terms.max_cost:  # what comes first is no fair sample
        told = f"a pilot of {what} costs {dollars(whole.total)}, over --max-cost {dollars(terms.max_cost)}"
        raise RekscanError(told, "Sample fewer images, or raise it.")
    refuse_over(cap_of(terms.settings, local=terms.local), f"a pilot of {what}", whole.total)
    payer = "the bundled emulator, so nobody bills it" if terms.local else "AWS"
    known = f", {many(whole.known, 'call')} of it being known" if whole.known else ""
    say(f"A pilot of {what} costs {dollars(whole.total)} at {payer}{known}.")
    approve(
        whole,
        yes=yes or terms.local,
        max_cost=terms.max_cost,
        threshold=terms.settings.approve_under,
        accept_unknown=terms.local,
    )


def _said_of_pairs(parts: Sequence[_Part]) -> list[str]:
    return [f"{many(len(part.found), 'pair')} that look alike" for part in parts if part.found is not None]


def _left(folder: JobFolder, max_cost: Decimal | None) -> Decimal | None:
    """Of the cap, by what the job may have been billed."""
    if max_cost is None:
        return None
    spent = reckon(folder.spec, tally(folder))
    return max(Decimal(0), max_cost - (spent.actual_usd or 0) - (spent.maybe_usd or 0))


def samples(folder: JobFolder, following: Following | None) -> Iterator[ApiSample]:
    """What became of each API's calls, by its result parts. `following`: who would take the answers of others."""
    parts = folder.result_parts()
    tables = [folder.result(paths) for paths in parts.values()]
    followers = following.items_of(folder, parts) if following else frozenset[int]()
    for choice in folder.spec.apis:
        api = choice.api
        rows = [row for table in tables for row in _rows(table, api.name)]
        outcomes = [row["outcome"] for row in rows]
        theirs = [row["outcome"] for row in rows if choice.inherits and row["item_id"] in followers]
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
            inherits=choice.inherits,
            followers=len(theirs),
            followers_ok=theirs.count("ok"),
        )


def _rows(table: pa.Table, api: str) -> Iterable[dict[str, Any]]:
    mine = table.filter(pc.equal(table.column("api"), api))
    rows: list[dict[str, Any]] = mine.select(["item_id", "outcome", "sent", "response"]).to_pylist()
    return rows
