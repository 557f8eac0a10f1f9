"""Where a listing is cut, and what a job is after it went on."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.apis import parse
from jobs.counts import Counts
from jobs.folder.manifest import ManifestWriter
from jobs.folder.spec import Amendment, JobSpec, Options, with_amendments
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.money.prices import PriceTable
from jobs.planned import PlanDocument
from rekscan.scans.films import leave_out_films
from rekscan.scans.listing import list_into, part_rows, reach


def rows(count: int, *, start: int = 0) -> pa.RecordBatch:
    return to_batch(Item(n, f"/photos/{n}.jpg", "image", 10) for n in range(start, start + count))


@settings(max_examples=50)
@given(
    sizes=st.lists(st.integers(0, 25), max_size=8),
    size=st.integers(3, 10),
    shards=st.integers(1, 3),
    limit=st.none() | st.integers(0, 150),
)
def test_a_cut_is_at_the_end_of_a_part_past_the_limit_and_only_where_more_is_to_come(
    sizes: list[int], size: int, shards: int, limit: int | None
) -> None:
    files: dict[str, bytes] = {}
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    batches = [rows(count, start=start) for count, start in zip(sizes, starts, strict=True)]
    counts, part = Counts(), size * shards
    with ManifestWriter(files.__setitem__, part) as writer:
        cut = list_into(writer, batches, counts, rows=part, look=leave_out_films(counts), limit=limit)
    total = sum(sizes)
    assert counts.images == writer.count
    assert len(files) == -(-writer.count // part)
    if cut:
        assert limit is not None
        assert writer.count % part == 0
        assert limit <= writer.count < min(total, max(limit, 1) + part)
    else:
        assert writer.count == total


def test_parts_hold_whole_shards() -> None:
    assert [part_rows(size) for size in (1, 200, 300, 500)] == [100_000, 100_000, 99_900, 100_000]


def test_a_cap_reaches_as_far_as_the_cheapest_request_and_an_unknown_price_sets_no_limit() -> None:
    choices = parse(["labels,faces"])
    prices = PriceTable.bundled()
    assert reach(choices, "us-east-1", prices, Decimal("0.0375")) == 37
    assert reach(choices, "mars-north-1", prices, Decimal(1)) is None


@pytest.mark.parametrize("cut", [True, False])
def test_the_newest_amendment_counts_and_job_json_stays(cut: bool) -> None:
    plans = [PlanDocument(total_usd=Decimal(n)) for n in (1, 2, 3)]
    apis, options = parse(["labels"]), Options(cut=True)
    spec = JobSpec("job-1", "", ("/photos",), apis, "us-east-1", "1", 20, 10, {}, plans[0], {}, options=options)
    files = {
        amendment.name: amendment.to_json()
        for amendment in (
            Amendment(1, 40, plans[1], True, Decimal(2), 0),
            Amendment(2, 55, plans[2], cut, Decimal(3), 7),
        )
    }
    found = with_amendments(spec, files.get)
    assert (found.items, found.shards, found.plan, found.cut, found.amended) == (55, 6, plans[2], cut, 2)
    assert (found.options.max_cost, found.options.duplicates) == (3, 7)
    assert with_amendments(spec, {}.get) == spec
