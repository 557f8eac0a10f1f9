"""`estimate --pilot N --near D`: of pairs that look alike both are asked about, and how often the answers differ is
said in this plan and in later ones.

Rule: followers are drawn by chance, each with its leader, so what is found holds for all that would be inherited. Those
that the pilot draws anyway come first of their folder: the two draws have one seed. The pairs are a job of their own:
beside them the pilot's images stay a fair sample of the source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from jobs.apis import Choice
from jobs.files import ParquetFiles
from jobs.folder import JobFolder
from jobs.item_rows import MANIFEST_SCHEMA
from jobs.known.buckets import ROWS, Records
from jobs.known.count import among
from jobs.near.differing import pairs_asked
from jobs.near.groups import Marks
from jobs.plan.near_rule import Near
from jobs.plan.values import Plan
from jobs.sample.draw import draw, numbered, one_batch
from jobs.sample.strata import FolderCount
from rekscan.scans.terms import Terms
from rekscan.scans.tried import fitting


@dataclass(frozen=True, slots=True)
class Pairs:
    """`images`: of all pairs, in the source's order, numbered from 0. `found`: who follows whom among them."""

    images: pa.RecordBatch
    found: Records


def draw_pairs(listing: ParquetFiles, marks: Marks, number: int) -> Pairs:
    """So many, drawn from all there are."""
    follow = marks.follow()

    def followers() -> Iterator[pa.RecordBatch]:
        for batch in listing.batches(MANIFEST_SCHEMA.names, ds.field("kind") == "image", rows=ROWS):
            yield batch.filter(pa.array(among(batch.column("item_id").to_numpy(), follow)))

    folders = FolderCount()
    for batch in followers():
        folders.add(batch.column("uri").to_pylist())
    rows = draw(followers, folders, number).rows(followers)
    drawn = pa.Table.from_batches(rows, MANIFEST_SCHEMA)
    found = marks.followers_of(drawn.column("item_id").to_numpy())
    leaders = pa.array(np.unique(found["leader"]))
    led = listing.batches(MANIFEST_SCHEMA.names, ds.field("item_id").isin(leaders), rows=ROWS)
    both = pa.concat_tables([drawn, pa.Table.from_batches(led, MANIFEST_SCHEMA)]).sort_by("item_id")
    items = both.column("item_id").to_numpy()
    found = found.copy()
    for name in ("item", "leader"):
        found[name] = np.searchsorted(items, found[name])
    return Pairs(numbered(one_batch(both), 0), found)


def source_of_pairs(near: Near) -> str:
    """Before each source of a job that asks pairs."""
    return f"pairs within {near.text} of "


def with_pairs_of(plan: Plan, folder: JobFolder, choices: Sequence[Choice]) -> Plan:
    """The plan with what a job's answers on pairs say."""
    if plan.near is None:
        return plan
    return replace(plan, near=replace(plan.near, job=folder.job, asked=pairs_asked(folder, choices)))


def with_known_pairs(plan: Plan, terms: Terms, sources: Sequence[str]) -> Plan:
    """The plan with what the newest fitting job of the home says, if there is one."""
    if plan.near is None or terms.near is None:
        return plan
    inherit = {choice.api.name for choice in terms.choices if choice.inherits}
    folder = fitting(terms, sources, inherit, source_of_pairs(terms.near), always=True)
    return plan if folder is None else with_pairs_of(plan, folder, terms.choices)
