"""Going on with a listing that a cap had cut, now that the cap pays for more.

    source listed again -> items the manifest has are passed by -> further parts -> duplicates -> plan -> amendment

Rule: the amendment is written last; what a crash leaves behind before it counts for nothing and is written anew.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pyarrow as pa

from jobs import costs
from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec
from jobs.folder.spec import Amendment
from jobs.known.duplicates import manifest, write_duplicates
from jobs.money.prices import PriceTable
from jobs.plan.values import Plan
from jobs.sources import Globs
from rekscan.scans.draft import plan_of
from rekscan.scans.films import leave_out_films
from rekscan.scans.listing import list_into, list_source, reach
from rekscan.scans.savings import KnownCalls, known_of
from rekscan.scans.terms import Terms
from rekscan.settings import Settings


def extend(folder: JobFolder, settings: Settings, cap: Decimal) -> Plan | None:
    """List on as far as `cap` dollars reach, what the job cost included. The plan of the whole job, None where there is
    nothing to add. Only for a job that is not in the ledger.

    Raises RekscanError when the source is no longer what it was.
    """
    spec = folder.spec
    if not spec.cut:
        return None
    tallies = costs.tally(folder).by_api()
    limit = reach(spec.apis, spec.region, PriceTable.from_json(spec.prices), cap, spec.plan.month_to_date)
    if limit is not None:
        limit += _free(spec, tallies)
        if limit <= spec.plan.items.images:
            return None
    _drop_leftovers(folder, spec)
    counts = Counts()
    with folder.manifest_writer(spec.part_rows, spec.items) as writer:
        more = _after(folder, _list(spec, settings), counts)
        cut = list_into(writer, more, counts, rows=spec.part_rows, look=leave_out_films(counts), limit=limit)
    plan = _plan(folder, settings, counts, grown=writer.count > spec.items)
    plan = plan.held_to(cap)
    plan = plan.cut_by_cap() if cut else plan
    folder.amend(
        Amendment(
            number=spec.amended + 1,
            items=writer.count,
            plan=plan.document(),
            cut=cut,
            max_cost=cap,
            duplicates=0 if spec.options.again else write_duplicates(folder, amended=spec.amended + 1),
        )
    )
    return plan


def _list(spec: JobSpec, settings: Settings) -> Iterator[pa.RecordBatch]:
    """The job's source, from the beginning."""
    listing = spec.options.listing
    assert listing is not None  # a cut job has it
    return list_source(
        listing.sources,
        settings,
        spec.region,
        column=listing.column,
        versions=listing.versions,
        globs=Globs(listing.include, listing.exclude),
        request_payer=spec.options.request_payer,
        s3_url=spec.s3_url,
    )


def _after(folder: JobFolder, batches: Iterator[pa.RecordBatch], counts: Counts) -> Iterator[pa.RecordBatch]:
    """The rows after those of the manifest, which are counted."""
    spec = folder.spec
    last = folder.items(spec.shards - 1)[-1].uri
    left = spec.items
    for batch in batches:
        if left:
            known = batch.slice(0, left)
            counts.add_batch(known)
            left -= known.num_rows
            if not left and known.column("uri")[-1].as_py() != last:
                raise _changed(spec)
            batch = batch.slice(known.num_rows)
        yield batch
    if left:
        raise _changed(spec)


def _changed(spec: JobSpec) -> RekscanError:
    return RekscanError(
        f"{', '.join(spec.sources)} has changed since job {spec.job} listed it, so its listing cannot go on",
        "Start a new scan of it: what this job answered is not paid again.",
    )


def _free(spec: JobSpec, tallies: Mapping[str, costs.Tally]) -> int:
    """Images that are done and cost nothing: known, skipped or failed ones. As `reach`, by what is always asked."""
    found = [tallies.get(choice.api.name, costs.Tally()) for choice in spec.apis if not choice.when]
    return max(max(0, one.ok + one.skipped + one.failed - one.units - one.maybe_billed) for one in found)


def _plan(folder: JobFolder, settings: Settings, counts: Counts, *, grown: bool) -> Plan:
    """The plan of all items, at the prices and rates the job began with. The answers it has are not known ones: it
    counts what they cost."""
    spec = folder.spec
    images = spec.plan.items.images
    calls = {line.api: images - int(line.units) for line in spec.plan.lines}
    terms = _terms(spec, settings)
    found = KnownCalls()
    if grown:
        found = known_of(lambda: manifest(folder, start=spec.manifest_parts), counts, terms, beside=False)
    calls = {name: known + found.calls.get(name, 0) for name, known in calls.items()}
    return plan_of(
        terms,
        counts,
        KnownCalls(calls if any(calls.values()) else {}, unread=found.unread),
        prices=PriceTable.from_json(spec.prices),
        month_to_date=spec.plan.month_to_date,
    )


def _terms(spec: JobSpec, settings: Settings) -> Terms:
    """The terms the job began with."""
    rates = spec.plan.quotas.operations
    return Terms(
        spec.apis,
        settings,
        spec.region,
        first=spec.first,
        local=spec.options.local,
        fit=spec.options.fit,
        again=spec.options.again,
        tps={name: rate.tps for name, rate in rates.items() if rate.tps and rate.source == "--tps"},
    )


def _drop_leftovers(folder: JobFolder, spec: JobSpec) -> None:
    """Parts of an extension that never got its amendment."""
    for name in folder.names("manifest")[spec.manifest_parts :]:
        folder.delete(f"manifest/{name}")
