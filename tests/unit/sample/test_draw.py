"""Which images a sample has: of each folder its share, the same for the same seed, one in another; and their strata."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import UsageError
from jobs.intervals import Stratum, share_of_whole
from jobs.item_rows import from_batch, to_batch
from jobs.items import Item
from jobs.sample.allot import allot, rounded
from jobs.sample.asked import SEED, SampleSize, sample_size
from jobs.sample.draw import _Lowest, draw, images_of, keys_of
from jobs.sample.record import SampleStratum
from jobs.sample.strata import HELD, LEAST, MOST, FolderCount, levels, stratum_of

FOLDERS = {"2018/": 1_000, "2019/a/": 2_000, "2019/b/": 40, "": 60, "2020/": 900}
ALL = [Item(0, f"s3://b/{folder}{n}.jpg", "image", 1) for folder, images in FOLDERS.items() for n in range(images)]


def drawn_of(items: list[Item], number: int, seed: int = SEED, batch: int = 300) -> set[str]:
    """The places of the images drawn from a listing, which come in the listing's order."""
    listed = [replace(item, item_id=n) for n, item in enumerate(items)]

    def listing() -> Iterator[pa.RecordBatch]:
        return (to_batch(listed[start : start + batch]) for start in range(0, len(listed), batch))

    folders = FolderCount()
    for rows in listing():
        folders.add(images_of(rows).column("uri").to_pylist())
    found = draw(listing, folders, number, seed)
    items = [item for rows in found.rows(listing) for item in from_batch(rows)]
    assert [item.item_id for item in items] == sorted(item.item_id for item in items) == found.items.tolist()
    assert len(items) == sum(found.by_folder.values()) == min(number, folders.whole)
    assert Counter(folders.folder_of(item.uri) for item in items) == Counter(found.by_folder)
    return {item.uri for item in items}


def by_folder(uris: set[str]) -> list[int]:
    """As FOLDERS has them."""
    of = Counter(uri.removeprefix("s3://b/").rpartition("/")[0] for uri in uris)
    return [of[folder.rstrip("/")] for folder in FOLDERS]


def test_a_smaller_sample_is_part_of_a_larger_one():
    samples = [drawn_of(ALL, number) for number in (1, 2, 7, 80, 81, 82, 400, 3_990, 4_000)]
    assert all(one < other for one, other in pairwise(samples))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("number", [40, 80, 400])
def test_each_folder_has_its_share_whatever_the_seed(number, seed):
    """Within one image for each level of folders, where a plain draw misses by dozens."""
    for share, has in zip(
        (number * images / len(ALL) for images in FOLDERS.values()), by_folder(drawn_of(ALL, number, seed)), strict=True
    ):
        assert abs(has - share) < 3 and (has or share < 1)


def test_folders_of_one_size_have_the_same_number():
    for folders, each in ((10, 1), (10, 7), (45, 2)):
        items = [Item(0, f"/p/{n % folders}/{n}.jpg", "image") for n in range(folders * 30)]
        assert set(Counter(uri.split("/")[2] for uri in drawn_of(items, folders * each)).values()) == {each}


def test_what_is_drawn_is_the_same_in_whatever_order_the_source_is_listed():
    assert drawn_of(ALL, 90) == drawn_of(ALL[::-1], 90, batch=17) == drawn_of(Random(1).sample(ALL, len(ALL)), 90)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40))
def test_a_share_is_rounded_without_bias(due, first, second):
    whole = first + second
    share = Fraction(min(due, whole) * first, whole)
    assert sum(rounded(share, Fraction(start, whole)) for start in range(whole)) == share * whole


@pytest.mark.parametrize(("sizes", "number"), [((1, 9), 1), ((1, 99), 1), ((2, 8), 1), ((1, 9), 2), ((1, 5, 14, 3), 4)])
def test_every_image_is_as_likely_that_of_a_small_folder_too(sizes, number):
    """In folders beside each other, and in one below the other."""
    beside = {(f"{n}",): size for n, size in enumerate(sizes)}
    below = {tuple(f"{n}" for n in range(depth)): size for depth, size in enumerate(sizes)}
    tries, likely = 3_000, number / sum(sizes)
    for folders in (beside, below):
        hits = sum((Counter(allot(folders, number, seed)) for seed in range(tries)), Counter())
        for path, size in folders.items():
            expected = tries * size * likely
            assert abs(hits[path] - expected) < 5 * sqrt(expected), path


def test_intervals_of_an_archive_of_small_folders_hold_the_truth():
    """Each event has nine photos, and one in a folder of its own: the only ones that are hits."""
    events = FolderCount()
    for event in range(200):
        events.add([*(f"s3://b/{event:03}/{n}.jpg" for n in range(9)), f"s3://b/{event:03}/cover/1.jpg"])
    held = []
    for seed in range(40):
        drawn = allot(events.images, 200, seed)
        strata = {one.name: one for one in events.strata(drawn)}
        hits = Counter()
        for path, images in drawn.items():
            hits[stratum_of(path, strata)] += images if path[-1] == "cover" else 0
        found = share_of_whole([Stratum(hits[name], one.drawn, one.whole) for name, one in strata.items()])
        held.append(found.low <= 0.1 <= found.high)
    assert sum(held) >= 34  # 38 expected


def test_the_same_seed_draws_the_same_and_another_one_others():
    assert drawn_of(ALL, 50) == drawn_of(ALL, 50)
    assert len(drawn_of(ALL, 400, 1) & drawn_of(ALL, 400, 2)) < 80


def test_a_place_that_is_listed_twice_counts_twice():
    twice = [item for item in ALL[:100] for _ in range(2)]
    assert len(drawn_of(twice, 200)) == 100
    assert len(drawn_of(twice, 31)) in (16, 17)


@given(
    st.dictionaries(st.lists(st.sampled_from("abc"), max_size=3).map(tuple), st.integers(1, 50), max_size=12), st.data()
)
def test_shares_add_up_and_never_fall_as_the_sample_grows(folders, data):
    whole = sum(folders.values())
    number = data.draw(st.integers(0, whole))
    some, more = allot(folders, number, 7), allot(folders, number + 1, 7)
    assert sum(some.values()) == number and sum(more.values()) == min(number + 1, whole)
    assert all(some[path] <= more[path] <= images for path, images in folders.items())


def test_a_share_is_exact():
    share, number = SampleSize("2%", share=Decimal("0.02")), SampleSize("7", number=7)
    assert [share.of(5), share.of(25), share.of(1000), number.of(5), number.of(1000)] == [0, 1, 20, 5, 7]


def test_a_url_is_drawn_or_not_however_it_is_signed():
    one, other = keys_of([f"https://a/b.jpg?X-Amz-Signature={sign}" for sign in ("1", "2")], SEED)
    assert one == other


def test_a_draw_holds_no_more_than_it_needs():
    lowest = _Lowest(np.array([100, 0]))
    for start in range(0, 60_000, 4_000):
        items = np.arange(start, start + 4_000)
        keys = keys_of(map(str, items), SEED)
        lowest.add((items % 2).astype(np.uint16), keys, items)
        assert lowest.held <= 100 + 10_000 + 4_000
    every = keys_of(map(str, range(0, 60_000, 2)), SEED)
    assert lowest.items().tolist() == sorted((2 * np.argsort(every)[:100]).tolist())


def test_what_is_no_image_to_be_sent_is_never_drawn():
    rows = [Item(0, "/a.mp4", "video"), Item(1, "/b.jpg", "image", skip="hidden"), Item(2, "/c.jpg", "image")]
    assert images_of(to_batch(rows)).column("uri").to_pylist() == ["/c.jpg"]


@pytest.mark.parametrize(
    "text, size",
    [
        ("2%", SampleSize("2%", share=Decimal("0.02"))),
        ("0.5 %", SampleSize("0.5 %", share=Decimal("0.005"))),
        ("100%", SampleSize("100%", share=Decimal(1))),
        ("5000", SampleSize("5000", number=5000)),
    ],
)
def test_a_share_and_a_number_are_understood(text, size):
    assert sample_size(text) == size
    assert sample_size(text, 7).seed == 7


@pytest.mark.parametrize("text", ["0", "0%", "101%", "-5", "2 percent", "1.5", "", "0.0000000001%"])
def test_what_cannot_be_a_sample_is_refused(text):
    with pytest.raises(UsageError, match="neither a share nor a number"):
        sample_size(text)


def test_a_seed_without_a_sample_is_refused():
    assert sample_size(None) is None
    with pytest.raises(UsageError, match="--seed"):
        sample_size(None, 7)


@pytest.mark.parametrize(
    "uri, folders",
    [
        ("s3://b/2019/05/x.jpg", ("s3://b", "2019", "05")),
        ("s3://b/x.jpg", ("s3://b",)),
        ("/home/me/IMG_20190512_1200.jpg", ("/home", "me", "2019", "2019-05")),
        ("/home/2019-05-12 Lake/x.jpg", ("/home", "2019", "2019-05", "2019-05-12 Lake")),
        ("/p/20190512120000.jpg", ("/p", "2019", "2019-05")),
        ("/p/201905121.jpg", ("/p",)),
        ("/p/20191312.jpg", ("/p",)),
        ("/x.jpg", ()),
        ("https://u:secret@host/a/x.jpg?token=abc/def", ("https://***@host", "a")),
        ("s3://b/a//x.jpg", ("s3://b", "a", "")),
    ],
)
def test_folders_and_dates_of_a_name(uri, folders):
    assert levels(uri) == folders


def counted(uris: Iterable[str]) -> FolderCount:
    count = FolderCount()
    count.add(uris)
    return count


def strata_of(uris: list[str], every: int) -> tuple[SampleStratum, ...]:
    return counted(uris).strata(counted(uris[::every]).images)


def test_a_folder_too_small_for_itself_counts_with_the_one_above():
    days = [f"s3://b/2019/{day // 30:02d}/{day:03d}/{n}.jpg" for day in range(60) for n in range(100)]
    rare = [f"s3://b/2020/{n}/x.jpg" for n in range(30)]
    strata = strata_of(days + rare, 20)
    names = [one.name for one in strata]
    assert names == ["", "s3://b/2019/01"]  # the rest of 30 has taken in the smallest
    assert [one.whole for one in strata] == [3030, 3000]
    assert sum(one.drawn for one in strata) == len((days + rare)[::20])


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(1, 60)),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 30),
)
def test_every_image_is_in_one_stratum_and_found_there_again(folders, every):
    uris = [f"s3://b/{one}/{other}/{n}.jpg" for one, other, most in folders for n in range(most)]
    strata = strata_of(uris, every)
    names = {one.name for one in strata}
    again = Counter(stratum_of(levels(uri), names) for uri in uris)
    assert again == {one.name: one.whole for one in strata}
    assert Counter(stratum_of(levels(uri), names) for uri in uris[::every]) == Counter(
        {one.name: one.drawn for one in strata if one.drawn}
    )
    drawn = len(uris[::every])
    assert len(strata) == 1 or all(one.whole * drawn >= LEAST * len(uris) for one in strata)


def test_memory_and_strata_are_bounded_whatever_the_source_holds():
    count = FolderCount()
    for start in range(0, 3 * HELD, 1000):
        count.add(f"s3://b/{n % 300}/{n}/x.jpg" for n in range(start, start + 1000))
        assert len(count.images) <= HELD
    strata = count.strata(count.images)
    assert len(strata) <= MOST and count.whole == sum(one.whole for one in strata) == 3 * HELD
    assert all(one.drawn == one.whole for one in strata)
    assert sum(allot(count.images, 500, SEED).values()) == 500
