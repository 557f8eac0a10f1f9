"""`--sample`: of a source that is listed to its end, only the images drawn go into the job.

Rule: what is not drawn is counted on the way, by stratum, for the report's sake: job.json keeps the numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from jobs.counts import Counts
from jobs.errors import RekscanError, UsageError
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.known.count import CountedListing
from jobs.plan.values import Plan
from jobs.sample.asked import SampleSize
from jobs.sample.draw import draw, images_of, numbered
from jobs.sample.record import Sample
from jobs.sample.strata import FolderCount, Path
from jobs.words import dollars, many
from rekscan.scans.approval import price
from rekscan.scans.terms import Terms

Progress = Callable[[Counts], None]


@dataclass(slots=True)
class SampledListing:
    """A listing of which a sample goes on. `source`: all that was listed."""

    size: SampleSize
    source: Counts = field(default_factory=Counts)
    _folders: FolderCount = field(default_factory=FolderCount)
    _by_folder: Mapping[Path, int] = field(default_factory=dict)  # of the images drawn

    def drawn(self, batches: Iterable[pa.RecordBatch], progress: Progress | None) -> Iterator[pa.RecordBatch]:
        """The images drawn, numbered from 0 in the source's order; everything is counted."""
        with CountedListing(MANIFEST_SCHEMA.names) as listing:
            for batch in batches:
                self.source.add_batch(batch)
                images = images_of(batch)
                self._folders.add(images.column("uri").to_pylist())
                listing.add_batch(images)
                if progress is not None:
                    progress(self.source)
            found = draw(listing.rows, self._folders, self.size.of(self._folders.whole), self.size.seed)
            self._by_folder, start = found.by_folder, 0
            for rows in found.rows(listing.rows):
                yield numbered(rows, start)
                start += rows.num_rows

    def counts_of_job(self, drawn: Counts) -> Counts:
        """The images drawn, and all else that was listed."""
        return replace(drawn, videos=self.source.videos, skipped=self.source.skipped, s3_items=self.source.s3_items)

    def record(self) -> Sample:
        folders, by_folder = self._folders, self._by_folder
        drawn, strata = sum(by_folder.values()), folders.strata(by_folder)
        return Sample(self.size.text, self.size.seed, folders.whole, drawn, shares=True, strata=strata)

    def nothing_drawn(self) -> RekscanError:
        return RekscanError(
            f"a sample of {self.size.text} of {many(self.source.images, 'image')} has none", "Ask for a larger one."
        )


def refuse_to_sample(terms: Terms) -> None:
    """Said before anything is listed."""
    films = f"--api {terms.videos[0].api.name}" if terms.videos else "--frames" if terms.frames else ""
    if terms.sample and films:
        raise UsageError(f"--sample draws images, and {films} asks about films", "Leave one of the two out.")


def of_sample(plan: Plan, whole: Plan, listing: SampledListing, terms: Terms) -> Plan:
    """The plan of the images drawn, which says what the `whole` would cost.

    Raises RekscanError where the cap cannot pay for all of them: what comes first is no sample.
    """
    drawn, images = plan.counts.images, listing.source.images
    if terms.max_cost is not None and plan.total is not None and plan.total > terms.max_cost:
        raise RekscanError(
            f"a sample of {many(drawn, 'image')} would cost {price(plan)}, over --max-cost {dollars(terms.max_cost)},"
            " and a part of it is no sample",
            "Draw fewer images, or raise --max-cost.",
        )
    all_of_it = f" All {images:,} images would cost {price(whole)}." if whole.complete else ""
    said = (
        f"Drawn by the seed {listing.size.seed}, of each folder or date its share: a larger sample of the seed has this"
        f" one in it, and what it answers is known when more of the source is scanned.{all_of_it}"
    )
    return replace(plan, drawn_from=images, assumptions=(said, *plan.assumptions))
