"""A source listed into the manifest of a job that does not exist yet, and priced.

Draft (manifest on disk, counted) -> Plan -> approval by the caller -> create.py -> open.py
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder import PART_ROWS, JobFolder, new_job_id
from jobs.folder.films import OUT, FilmsWriter
from jobs.folder.spec import Listing
from jobs.known.count import Followers
from jobs.known.duplicates import manifest
from jobs.money.prices import PriceTable
from jobs.money.stored import stored_prices, stored_quotas
from jobs.near.groups import write_followers
from jobs.places import Place
from jobs.plan.build import plan as make_plan
from jobs.plan.build import side_by_side
from jobs.plan.first import first_stage
from jobs.plan.values import Plan
from jobs.uris import root_of, storable
from rekscan.scans.films import leave_out_films, look_at_films
from rekscan.scans.frames import with_frames
from rekscan.scans.listing import Progress, absolute, list_into, list_source, part_rows, refuse_vain_list
from rekscan.scans.near import Told, near_of
from rekscan.scans.nothing import nothing_for, nothing_in
from rekscan.scans.sampled import SampledListing
from rekscan.scans.savings import KnownCalls
from rekscan.scans.terms import Terms
from rekscan.scans.who_answers import timed


@dataclass(slots=True)
class Draft:
    """A source listed into the manifest of a job that does not exist yet."""

    folder: JobFolder
    sources: tuple[str, ...]
    counts: Counts
    items: int
    part_rows: int = PART_ROWS
    listing: Listing | None = None  # where the listing was cut: how to list the source again
    films: int = 0  # that can be sent
    film_root: str | None = None  # the folder of local ones
    sampled: SampledListing | None = None  # what it is a sample of
    follow: Followers = None  # of each item, whether it takes the answers of another


def draft(
    sources: Sequence[str],
    terms: Terms,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
) -> Draft:
    """List `sources` into the manifest of a new job folder, in constant memory.

    Of a sample the manifest has the images drawn, and nothing else that is listed.

    The listing is cut at the end of a part of the manifest once it has `limit` images (stdin is read to its end).
    Raises RekscanError when a source cannot be read or holds nothing to ask about; the folder is gone then.
    """
    settings = terms.settings
    folder = JobFolder(settings.home, new_job_id(), settings.aws)
    counts = Counts()
    try:
        rows = part_rows(settings.shard_size)
        batches = list_source(
            sources,
            settings,
            terms.region,
            column=terms.column,
            versions=terms.versions,
            globs=terms.globs,
            request_payer=terms.request_payer,
        )
        if terms.frames:
            batches = with_frames(batches, terms, counts, partial(progress or _silent, counts))
        sampled = SampledListing(terms.sample) if terms.sample else None
        if sampled:
            batches, progress = sampled.drawn(batches, progress), None
        here = root_of(sources) if terms.local and terms.videos else None
        with (
            folder.manifest_writer(rows) as writer,
            FilmsWriter(folder.write) as films,
            FilmsWriter(folder.write, OUT) as out,
        ):
            limit = None if "-" in sources else limit
            look = look_at_films(films, out, counts, terms, here) if terms.videos else leave_out_films(counts)
            cut = list_into(writer, batches, counts, rows=rows, look=look, limit=limit, progress=progress)
        counts = sampled.counts_of_job(counts) if sampled else counts
        refuse_vain_list(sources, counts)
        if writer.count == 0:
            raise sampled.nothing_drawn() if sampled and sampled.source.images else nothing_in(sources)
        if not ((terms.choices and counts.images) or (terms.videos and counts.videos)):
            raise nothing_for(sources, counts)
        follow = _compared(folder, counts, terms, told) if terms.near else None
    except OSError as error:
        folder.remove()
        raise cannot_write(folder, error) from error
    except BaseException:
        folder.remove()
        raise
    again = Listing(
        tuple(absolute(storable(each)) for each in sources),
        terms.column,
        terms.versions,
        include=terms.globs.include,
        exclude=terms.globs.exclude,
    )
    return Draft(
        folder, tuple(map(storable, sources)), counts, writer.count, rows, again if cut else None, films.count, here,
        sampled, follow,
    )  # fmt: skip


def _compared(folder: JobFolder, counts: Counts, terms: Terms, told: Told | None) -> Followers:
    """Who follows whom, into the folder."""
    with near_of(manifest(folder), counts, terms, told) as marks:
        write_followers(folder, marks)
        return marks.follow()


def _silent(counts: Counts) -> None:
    pass


def cannot_write(folder: JobFolder, error: OSError) -> RekscanError:
    """A disk that is full, say, while a job is made."""
    do = "Make room, or name another --home. Nothing was paid, and nothing of the job is left."
    return RekscanError(f"the job's folder {folder.where} cannot be written: {error}", do)


def plan_of(
    terms: Terms,
    counts: Counts,
    known: KnownCalls | None = None,
    *,
    prices: PriceTable | None = None,
    month_to_date: Mapping[str, Decimal] | None = None,
) -> Plan:
    """The plan of a draft: the same function `estimate` calls. `prices`: another table than the stored one."""
    known = known or KnownCalls()

    def at(places: Sequence[Place]) -> Plan:
        without = partial(
            make_plan,
            terms.choices,
            counts,
            region=terms.region,
            prices=prices or stored_prices(),
            quotas=stored_quotas(),
            tps=terms.tps,
            month_to_date=month_to_date,
            known=known.calls,
            copies=known.copies,
            unread=known.unread,
            videos=terms.videos,
            video_jobs=terms.video_jobs,
            known_films=known.films,
            film_speeds=known.speeds,
            places=places,
        )
        return known.near.priced(lambda near: without(near=near)) if known.near else without()

    plan = side_by_side(terms.places, prices or stored_prices(), at)
    plan = timed(plan, terms.settings, local=terms.local)
    plan = replace(plan, first=first_stage(terms.first, counts.images, os.cpu_count() or 1))
    return plan.assuming((*known.notes, *plan.assumptions))
