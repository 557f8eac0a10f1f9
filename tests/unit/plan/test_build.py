"""Plans: the same quantities whatever the way they are asked for, months that add up, and unknowns said aloud."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.apis import catalogue, parse, sort_out
from jobs.counts import FilmCalls
from jobs.errors import RekscanError, UsageError
from jobs.film_speed import ASSUMED, Speed
from jobs.item_rows import to_batch
from jobs.items import Item
from jobs.money.free_tier import FreeTier
from jobs.money.months import by_days, by_rate, quantity
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan import demand as plan_demand
from jobs.plan import text
from jobs.plan.build import Counts, plan

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
APIS = st.lists(
    st.sampled_from([n for n, a in catalogue().items() if not any(p.required for p in a.params)]),
    min_size=1,
    unique=True,
)


def make(apis, images, region="us-east-1", **options):
    return plan(parse([apis]), Counts(images=images), region=region, prices=PRICES, quotas=QUOTAS, **options)


@given(APIS, st.integers(0, 50_000_000), st.sampled_from([None, date(2026, 11, 23), date(2027, 2, 28)]))
def test_the_total_is_the_sum_of_its_lines_and_of_its_months(apis, images, start):
    built = make(",".join(apis), images, start=start)
    known = [line.usd for line in built.lines if line.usd is not None]
    assert built.total == (sum(known, Decimal(0)) if known else None)
    for line in built.lines:
        assert sum(tier.units for tier in line.tiers) == line.units
        if start:
            assert sum(row.units for month in built.months for row in month.lines if row.api == line.api) == line.units
            shares = [row.usd for month in built.months for row in month.lines if row.api == line.api]
            assert line.usd == (None if None in shares else sum(shares, Decimal(0)))


@given(st.permutations(["labels", "faces", "text"]), st.integers(0, 20_000_000), st.integers(0, 20_000_000))
def test_order_moves_shares_between_apis_of_a_meter_but_never_the_total(apis, images, used):
    built = make(",".join(apis), images, month_to_date={"image-group-2": used})
    assert built.total == PRICES.price("image-group-2", "us-east-1", 3 * images, used).usd


@given(st.integers(0, 5_000_000), st.integers(0, 5_000_000))
def test_two_jobs_in_a_month_cost_what_one_does(first, second):
    one = make("labels,faces", first + second)
    a = make("labels,faces", first)
    b = make("labels,faces", second, month_to_date={"image-group-2": 2 * first})
    assert a.total + b.total == one.total


def test_the_document_has_the_shape_of_the_contract():
    document = make("labels,properties", 1000).to_json()
    assert {"region", "items", "lines", "total_usd", "complete", "duration_s", "prices", "assumptions"} <= set(document)
    assert {"images", "videos", "skipped"} <= set(document["items"])
    assert document["total_usd"] == "1.75"
    for line in document["lines"]:
        assert {"api", "operation", "meter", "units", "tiers", "usd"} <= set(line)
        assert all({"units", "usd_each", "usd"} <= set(tier) for tier in line["tiers"])
    assert {"source", "as_of"} <= set(document["prices"])


def test_labels_and_properties_share_their_call_and_sides_run_side_by_side():
    built = make("labels,properties,faces", 100_000)
    assert {rate.operation: rate.calls for rate in built.rates} == {"DetectLabels": 100_000, "DetectFaces": 100_000}
    assert built.duration_s == 2000  # DetectLabels at 50/s; DetectFaces at 100/s is done before
    assert make("labels,faces", 100_000, tps={"labels": 1000, "DetectFaces": 10}).duration_s == 10_000


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(UsageError, match="--tps labels"):
        make("labels", 1, tps={"labels": 0})


def test_fifty_million_images_show_each_months_own_walk():
    built = make("moderation", 50_000_000, start=date(2026, 11, 25))
    assert [(month.month, month.lines[0].units) for month in built.months] == [
        ("2026-11", 6 * 86_400 * 50),
        ("2026-12", 50_000_000 - 6 * 86_400 * 50),
    ]
    walks = [PRICES.price("image-group-2", "us-east-1", month.lines[0].units).usd for month in built.months]
    assert [month.usd for month in built.months] == walks
    assert built.total == sum(walks)


def test_month_to_date_counts_in_the_first_month_only():
    built = make("moderation", 50_000_000, start=date(2026, 11, 25), month_to_date={"image-group-2": 900_000})
    plain = make("moderation", 50_000_000, start=date(2026, 11, 25))
    assert built.months[0].usd < plain.months[0].usd
    assert built.months[1] == plain.months[1]


def test_a_region_without_a_price_is_unknown_and_the_total_incomplete():
    built = make("labels", 10, region="eu-south-2")
    assert built.total is None and not built.complete
    assert built.to_json()["total_usd"] is None
    assert built.unknown == ("labels: no price of image-group-2 in eu-south-2 for 10 images",)
    part = make("labels,properties", 10, region="eu-west-1")
    assert part.total == Decimal("0.01") and not part.complete


def test_a_region_aws_does_not_list_has_neither_price_nor_duration():
    built = make("labels", 10, region="mars-north-1")
    assert built.total is None and built.duration_s is None
    assert any("not in the list of Regions" in line for line in built.assumptions)


@pytest.mark.parametrize("region, api", [("ca-central-1", "labels"), ("il-central-1", "celebrities")])
def test_an_api_that_a_region_lacks_is_refused_with_the_regions_that_have_it(region, api):
    with pytest.raises(RekscanError, match=region) as caught:
        make(api, 10, region=region)
    assert "us-east-1" in caught.value.do
    assert make("faces", 10, region=region).duration_s == 10 / 25


def test_known_answers_are_not_paid_for():
    assert make("labels,faces", 100, known={"labels": 40}).total == Decimal("0.160")
    assert make("labels,faces", 100, known=100).total == 0


def test_free_tier_only_when_asked_for():
    assert make("labels", 1500).total == Decimal("1.5")
    assert make("labels", 1500, free_tier=FreeTier.named("2026", PRICES)).total == Decimal("0.5")
    with pytest.raises(UsageError, match="1999"):
        FreeTier.named("1999", PRICES)


def test_an_adapter_moves_moderation_to_its_own_meter():
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/a/version/b/1"
    (line,) = make(f"moderation:project_version={arn}", 1000).lines
    assert (line.meter, line.usd) == ("custom-moderation", Decimal("1.2"))


CUSTOM = "custom-labels:project_version_arn=arn:aws:rekognition:us-east-1:123456789012:project/a/version/b/1"


@pytest.mark.parametrize(
    ("units", "tps", "hours", "seconds"),
    [(1, None, 2, 7200), (2, None, 2, 3600), (2, 20, 1, 1800), (20, None, 4, 720)],  # 20 units are over the quota of 50
)
def test_a_custom_model_is_billed_by_the_hours_its_units_take(units, tps, hours, seconds):
    built = make(f"{CUSTOM},units={units}", 36_000, tps={"custom-labels": tps} if tps else None)
    assert [(line.meter, line.unit, line.units) for line in built.lines] == [
        ("custom-labels-inference", "unit-hour", hours)
    ]
    assert (built.total, built.complete, built.duration_s) == (4 * hours, True, seconds)
    assert ("5 images a second" in " ".join(built.assumptions)) and not any("Left out" in s for s in built.assumptions)


def test_hours_that_are_stated_go_before_those_that_calls_take():
    stated = make(CUSTOM, 36_000, extra=[plan_demand.of_meter("custom-labels-inference", Decimal(3), PRICES)])
    assert stated.total == 12 and stated.complete


def test_hours_of_a_model_fall_into_the_months_its_calls_are_made_in():
    built = make(CUSTOM, 5 * 86_400 * 3, start=date(2026, 12, 30))
    assert [(month.month, month.lines[0].units) for month in built.months] == [("2026-12", 48), ("2027-01", 24)]


def test_known_answers_take_no_hours():
    assert make(CUSTOM, 36_000, known=18_000).total == 4


# --- video, storage, hours


def video(minutes, videos=1):
    ms = int(minutes * 60_000)
    return Counts(videos=videos, video_ms=ms, video_minutes_up=-(-ms // 60_000), videos_measured=videos)


def extra(demands, counts, **options):
    return plan((), counts, region="us-east-1", prices=PRICES, quotas=QUOTAS, extra=demands, **options)


def films(apis, counts, **options):
    return extra((), counts, videos=sort_out([apis]).videos, **options)


def test_segments_are_billed_once_per_segment_type():
    built = films("video-segments", video(60))
    assert [(line.meter, line.usd) for line in built.lines] == [
        ("video-segments-shot", 3),
        ("video-segments-technical-cue", 3),
    ]
    assert built.rates[0].calls == 1
    assert films("video-segments:types=shot", video(60)).total == 3


def test_part_minutes_have_a_lower_and_an_upper_bound():
    counts = Counts(videos=2)
    counts.add_video_ms(90_000)
    counts.add_video_ms(100)
    built = films("video-labels", counts)
    assert built.bounds == (PRICES.price("video-labels", "us-east-1", Decimal("1.501666667")).usd, Decimal("0.30"))


def test_videos_of_unknown_length_leave_the_price_unknown():
    built = films("video-labels", Counts(videos=3))
    assert built.total is None and not built.complete
    assert built.unknown == ("video-labels: the length of 3 videos is not known",)


def test_jobs_of_all_video_apis_share_the_slots_of_an_account():
    one, two = (films(apis, video(600, 100)) for apis in ("video-labels", "video-labels,video-text"))
    assert (one.video_jobs.jobs, one.video_jobs.at_once) == (100, QUOTAS.concurrent_videos)
    assert one.duration_s == ASSUMED.seconds(100, 36_000_000) / QUOTAS.concurrent_videos
    assert two.duration_s == 2 * one.duration_s


def test_a_film_alone_is_not_twenty_times_as_fast():
    assert films("video-labels", video(60)).duration_s == ASSUMED.seconds(1, 3_600_000)


def test_films_that_the_home_has_answers_on_are_not_in_the_price_nor_in_the_time():
    known = FilmCalls()
    for _ in range(4):
        known.add(90_000)
    counts = Counts(videos=10, videos_measured=10, video_ms=900_000, video_minutes_up=20)
    built = films("video-labels,video-text", counts, known_films={"video-labels": known})
    assert [(line.api, line.units) for line in built.lines] == [("video-labels", 9), ("video-text", 15)]
    assert built.high_usd == PRICES.price("video-labels", "us-east-1", Decimal(12 + 20)).usd
    assert (built.known, built.earlier, built.video_jobs.jobs) == (4, 4, 16)
    assert built.duration_s == pytest.approx(ASSUMED.seconds(16, 1_440_000) / 16)
    assert {rate.operation: rate.calls for rate in built.rates} == {"StartLabelDetection": 6, "StartTextDetection": 10}


def test_what_jobs_have_shown_of_an_api_takes_the_place_of_the_guess():
    speeds = {"video-labels": Speed(20, 0.1, 40)}
    built = films("video-labels,video-text", video(600, 100), film_speeds=speeds)
    assert built.duration_s == (100 * 20 + 3600 + ASSUMED.seconds(100, 36_000_000)) / QUOTAS.concurrent_videos
    told = built.video_jobs.to_json()
    assert told["shown"] == {"video-labels": {"jobs": 40, "seconds_each": 20, "seconds_per_second": 0.1}}
    assert told["assumed"] == {"seconds_each": 30, "seconds_per_second": 0.5}
    assert "assumed" not in films("video-labels", video(60), film_speeds=speeds).video_jobs.to_json()
    said = "video-labels is taken to need 20 s and 0.1 times the video's length, as 40 jobs have shown."
    assert said in built.assumptions


def test_images_and_videos_are_priced_side_by_side():
    counts = video(60)
    counts.images = 1000
    built = films("video-labels", counts)
    assert "1,000 images not asked about: --api names no API for images." in built.assumptions
    both = plan(
        parse(["labels"]),
        counts,
        region="us-east-1",
        prices=PRICES,
        quotas=QUOTAS,
        videos=sort_out(["video-text"]).videos,
    )
    assert [(line.api, line.units) for line in both.lines] == [("labels", 1000), ("video-text", 60)]
    assert both.total == 7


@given(st.integers(1, 10**11), st.integers(1, 10**6), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_minutes_laid_over_months_add_up_to_the_millisecond(ms, count, start):
    counts = Counts(videos=count, video_ms=ms, video_minutes_up=-(-ms // 60_000), videos_measured=count)
    built = films("video-labels,video-segments", counts, start=start)
    for line in built.lines:
        parts = [row.units for month in built.months for row in month.lines if row.meter == line.meter]
        assert sum(parts) == line.units == quantity(Decimal(ms), 60_000)
        assert all(part >= 0 for part in parts)
    assert built.total == sum(month.usd for month in built.months)


def test_a_region_without_stored_video_is_refused():
    with pytest.raises(RekscanError, match="no stored video in ca-central-1"):
        plan((), video(1), region="ca-central-1", prices=PRICES, quotas=QUOTAS, videos=sort_out(["video-text"]).videos)


def test_a_million_faces_for_half_a_month_cost_half_a_month():
    demand = plan_demand.stored("face-vectors", 1_000_000, Decimal(15), PRICES)
    assert extra([demand], Counts()).total == 5
    over = extra([demand], Counts(), start=date(2026, 2, 15))  # 14 of 28 days, then one of 31
    assert [month.month for month in over.months] == ["2026-02", "2026-03"]
    assert over.months[0].usd == 5
    assert over.total == 5 + PRICES.price("face-vectors", "us-east-1", Decimal("32258.064516129")).usd


def test_hours_of_a_custom_model_are_units_of_their_meter():
    assert extra([plan_demand.of_meter("custom-labels-inference", Decimal(10), PRICES)], Counts()).total == 40


# --- calendar


@given(st.integers(0, 10**8), st.floats(0.5, 1000), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_calls_laid_over_months_add_up_and_no_month_is_overfull(calls, tps, start):
    spread = by_rate(calls, tps, start)
    assert sum(count for _, count in spread) == calls
    assert all(count <= tps * 31 * 86_400 + 1 for _, count in spread)
    assert [month for month, _ in spread] == sorted({month for month, _ in spread})


@given(st.integers(1, 10**6), st.integers(1, 400), st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_a_full_month_of_storage_is_one_unit_each(kept, days, start):
    spread = by_days(Decimal(kept), Decimal(days), start)
    assert all(units <= kept for _, units in spread)
    assert all(units == kept for _, units in spread[1:-1])


# --- counts


items = st.builds(
    Item,
    item_id=st.integers(0, 10),
    uri=st.sampled_from(["/a/b.jpg", "s3://bucket/key"]),
    kind=st.sampled_from(["image", "video", "other"]),
    size=st.none() | st.integers(0, 10**9),
    modified=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    skip=st.none() | st.sampled_from(["hidden", "archived: GLACIER", "unreadable: [Errno 13] Permission denied"]),
)


@given(st.lists(items, max_size=30))
def test_counting_in_batches_counts_the_same(rows):
    one, many = Counts(), Counts()
    for item in rows:
        one.add(item)
    batch: pa.RecordBatch = to_batch(rows)
    many.add_batch(batch)
    assert one == many
    assert one.images + one.videos + sum(one.skipped.values()) == len(rows)


def test_comparing_pictures_takes_its_time_before_the_first_call():
    counts = Counts(images=30_000, near_s=240.0)
    built = plan(parse(["labels"]), counts, region="us-east-1", prices=PRICES, quotas=QUOTAS)
    assert (built.asking_s, built.duration_s) == (600, 840)
    said = "\n".join(text.notes(built))
    assert "Duration: 14 min (DetectLabels at 50/s), after 4 min of comparing pictures (--near)" in said
    assert any("took 4 min just now, on this machine" in line for line in built.assumptions)
    assert not any("--near" in line for line in make("labels", 30_000).assumptions)
