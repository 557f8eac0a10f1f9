"""The pilot's arithmetic: random without bias, intervals that hold what they should and shrink with the sample."""

from dataclasses import replace
from decimal import Decimal

from jobs.apis import parse
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan.build import Counts, plan
from jobs.plan.near_calls import NearCalls
from jobs.plan.pilot import ApiSample, extrapolate, text

PRICES = PriceTable.bundled()


def make(apis, images):
    return plan(parse([apis]), Counts(images=images), region="us-east-1", prices=PRICES, quotas=QuotaTable.bundled())


def test_skips_make_the_whole_cheaper_within_the_interval():
    built = make("labels,faces", 2_000_000)
    rows = [ApiSample(api, 90, 10, 0, 5, (1,) * 90) for api in ("labels", "faces")]
    found = extrapolate(built, "job", rows, PRICES)
    assert found.usd.expected == PRICES.price("image-group-2", "us-east-1", 3_600_000).usd
    assert found.usd.low < found.usd.expected < found.usd.high < built.total
    assert "Pilot of 100 of 2,000,000 images" in text(found)


def test_a_near_picture_is_no_call_so_only_the_others_say_how_many_are_answered():
    near = NearCalls(600, 4, {"labels": 600})
    built = near.priced(lambda spared: make("labels", 1000 - spared.get("labels", 0)))
    built = replace(built, counts=Counts(images=1000))
    row = ApiSample("labels", 80, 20, 0, 0, (1,) * 80, inherits=True, followers=60, followers_ok=60)
    found = extrapolate(built, "job", [row], PRICES)
    assert found.usd.expected == PRICES.price("image-group-2", "us-east-1", 200).usd
    assert found.usd.low < Decimal("0.2") < found.usd.high < Decimal("0.3")


def test_a_sample_of_everything_leaves_nothing_to_chance():
    built = make("labels", 100)
    found = extrapolate(built, "job", [ApiSample("labels", 90, 10, 0, 0, (2,) * 90)], PRICES)
    assert found.usd.low == found.usd.expected == found.usd.high == Decimal("0.09")


def test_a_pilot_of_all_images_prints_numbers_and_no_intervals():
    rows = [ApiSample("labels", 9, 1, 0, 3, (2, 4, 0) * 3), ApiSample("faces", 10, 0, 0, 0, (0,) * 10)]
    said = text(extrapolate(make("labels,faces", 10), "job", rows, PRICES))
    labels, faces = (line.split() for line in said.splitlines() if line.startswith(("labels", "faces")))
    assert labels[2:] == ["90", "%", "10", "%", "0", "%", "30", "%", "2.0"]
    assert faces[2:] == ["100", "%", "0", "%", "0", "%", "0", "%", "none"]
    assert said.endswith("All images: $0.019 expected")


def test_a_pilot_that_finds_nothing_says_on_how_many_there_may_be_something():
    row = ApiSample("faces", 100, 0, 0, 0, (0,) * 100)
    found = extrapolate(make("faces", 100_000), "job", [row], PRICES)
    assert "none, so on at most 3.6 %" in text(found)
    assert "1.0 on each asked" in text(replace(found, apis=(replace(row, found=(1,) * 100),)))
    (faces,) = found.to_json()["apis"]
    assert (faces["finds"]["low"], faces["found_per_image"]["high"]) == (0, None)
    assert 0.036 < faces["finds"]["high"] < 0.037


def test_faces_per_image_become_vectors_a_month():
    built = make("index-faces:collection=people", 1_000_000)
    found = extrapolate(built, "job", [ApiSample("index-faces", 50, 0, 0, 0, (2, 4) * 25, (1, 3) * 25)], PRICES)
    assert found.vectors_a_month.value == 2_000_000
    assert found.vectors_usd.expected == 20
    assert found.vectors_usd.low < 20 < found.vectors_usd.high
    assert found.to_json()["vectors"]["value"] == 2_000_000


def test_an_unknown_price_stays_unknown():
    choices = parse(["labels"])
    counts = Counts(images=10)
    built = plan(choices, counts, region="eu-south-2", prices=PRICES, quotas=QuotaTable.bundled())
    assert extrapolate(built, "job", [ApiSample("labels", 1, 0, 0, 0, (1,))], PRICES).usd.expected is None
