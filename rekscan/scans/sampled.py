"""`--sample`: of a source that is listed to its end, only the images drawn go into the job.

Rule: what is not drawn is counted on the way, by stratum, for the report's sake: job.json keeps the numbers.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa

from jobs.counts import Counts
from jobs.errors import RekscanError, UsageError
from jobs.plan.values import Plan
from jobs.sample.asked import SampleSize
from jobs.sample.draw import Draw, drawn_by_share, images_of, numbered
from jobs.sample.record import Sample
from jobs.sample.strata import StrataCount
from jobs.words import dollars, many
from rekscan.scans.approval import price
from rekscan.scans.terms import Terms

Progress = Callable[[Counts], None]


@dataclass(slots=True)
class SampledListing:
    """A listing of which a sample goes on. `source`: all that was listed."""

    size: SampleSize
    source: Counts = field(default_factory=Counts)
    _strata: StrataCount = field(default_factory=StrataCount)

    def drawn(self, batches: Iterable[pa.RecordBatch], progress: Progress | None) -> Iterator[pa.RecordBatch]:
        """The images drawn, numbered from 0 in the source's order; everything is counted."""
        start = 0
        for rows in self._drawn(batches, progress):
            self._strata.add_drawn(rows.column("uri").to_pylist())
            yield numbered(rows, start)
            start += rows.num_rows

    def _drawn(self, batches: Iterable[pa.RecordBatch], progress: Progress | None) -> Iterator[pa.RecordBatch]:
        draw = Draw(self.size.number, self.size.seed) if self.size.number else None
        for batch in batches:
            self.source.add_batch(batch)
            images = images_of(batch)
            self._strata.add(images.column("uri").to_pylist())
            if draw is not None:
                draw.add(batch)
            elif self.size.share is not None:
                yield drawn_by_share(images, self.size.share, self.size.seed)
            if progress is not None:
                progress(self.source)
        if draw is not None:
            yield draw.batch()

    def counts_of_job(self, drawn: Counts) -> Counts:
        """The images drawn, and all else that was listed."""
        return replace(drawn, videos=self.source.videos, skipped=self.source.skipped, s3_items=self.source.s3_items)

    def record(self) -> Sample:
        strata = self._strata
        return Sample(self.size.text, self.size.seed, strata.whole, strata.drawn, strata.strata())

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
        f"Drawn by a hash of each image's place and the seed {listing.size.seed}: a larger sample of the seed has this"
        f" one in it, and what it answers is known when more of the source is scanned.{all_of_it}"
    )
    return replace(plan, drawn_from=images, assumptions=(said, *plan.assumptions))
