"""Which images a sample has: the same for the same seed, one in another, without bias; and their strata."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import UsageError
from jobs.item_rows import from_batch, to_batch
from jobs.items import Item
from jobs.sample.asked import SEED, SampleSize, sample_size
from jobs.sample.draw import Draw, drawn_by_share, images_of, keys_of
from jobs.sample.strata import HELD, LEAST, MOST, StrataCount, levels, stratum_of

ALL = to_batch(Item(n, f"s3://b/{n}.jpg", "image", 1) for n in range(4_000))


def of_share(percent: str, seed: int = SEED) -> set[str]:
    return set(drawn_by_share(ALL, Decimal(percent) / 100, seed).column("uri").to_pylist())


def of_number(size: int, seed: int = SEED) -> set[str]:
    draw = Draw(size, seed)
    for start in range(0, ALL.num_rows, 300):
        draw.add(ALL.slice(start, 300))
    return {item.uri for item in from_batch(draw.batch())}


def test_a_smaller_sample_is_part_of_a_larger_one_be_it_a_share_or_a_number():
    two, five = of_share("2"), of_share("5")
    assert two < five and of_share("100") == set(ALL.column("uri").to_pylist())
    assert of_number(len(two)) == two
    assert of_number(len(two) - 1) < two < of_number(len(two) + 1) < five


def test_the_same_seed_draws_the_same_and_another_one_others():
    assert of_share("10") == of_share("10") and of_number(50) == of_number(50)
    assert len(of_share("10", 1) & of_share("10", 2)) < 80


def test_a_share_is_about_as_large_as_asked_for():
    assert all(305 < len(of_share("10", seed)) < 495 for seed in range(20))  # 5 sigma: 95


def test_a_url_is_drawn_or_not_however_it_is_signed():
    one, other = keys_of([f"https://a/b.jpg?X-Amz-Signature={sign}" for sign in ("1", "2")], SEED)
    assert one == other


def test_a_draw_keeps_no_more_rows_than_it_needs():
    draw = Draw(100)
    for start in range(0, 60_000, 4_000):
        draw.add(to_batch(Item(n, f"/p/{n}.jpg", "image") for n in range(start, start + 4_000)))
        assert sum(rows.num_rows for rows in draw._rows) <= 100 + 10_000 + 4_000
    assert draw.batch().num_rows == 100


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


def counted(uris: list[str], every: int) -> StrataCount:
    count = StrataCount()
    count.add(uris)
    count.add_drawn(uris[::every])
    return count


def test_a_folder_too_small_for_itself_counts_with_the_one_above():
    days = [f"s3://b/2019/{day // 30:02d}/{day:03d}/{n}.jpg" for day in range(60) for n in range(100)]
    rare = [f"s3://b/2020/{n}/x.jpg" for n in range(30)]
    strata = counted(days + rare, 20).strata()
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
    strata = counted(uris, every).strata()
    names = {one.name for one in strata}
    again = Counter(stratum_of(levels(uri), names) for uri in uris)
    assert again == {one.name: one.whole for one in strata}
    assert Counter(stratum_of(levels(uri), names) for uri in uris[::every]) == Counter(
        {one.name: one.drawn for one in strata if one.drawn}
    )
    drawn = len(uris[::every])
    assert len(strata) == 1 or all(one.whole * drawn >= LEAST * len(uris) for one in strata)


def test_memory_and_strata_are_bounded_whatever_the_source_holds():
    count = StrataCount()
    for start in range(0, 3 * HELD, 1000):
        uris = [f"s3://b/{n % 300}/{n}/x.jpg" for n in range(start, start + 1000)]
        count.add(uris)
        count.add_drawn(uris)
        assert len(count._whole) <= HELD and len(count._drawn) <= HELD
    strata = count.strata()
    assert len(strata) <= MOST and count.whole == sum(one.whole for one in strata) == 3 * HELD
    assert all(one.drawn == one.whole for one in strata)
