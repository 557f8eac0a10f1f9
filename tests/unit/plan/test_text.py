"""What a plan is called, and what its price is said to be for."""

from jobs.apis import parse
from jobs.counts import Counts
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan.build import plan
from jobs.plan.text import head, notes, price, title


def test_a_price_is_for_what_was_asked_about():
    counts = Counts(images=1000, videos=1, video_ms=6_000_000)
    built = plan(
        parse(["labels"]), counts, region="us-east-1", prices=PriceTable.bundled(), quotas=QuotaTable.bundled()
    )
    assert title(built) == "1,000 images, 1 video, 100 minutes of video in us-east-1"
    assert head(built) == ["1 video not asked about: --api names no API for video."]
    assert price(built)[0] == "$1.00 for 1,000 images"


def test_what_stands_at_the_head_is_an_assumption_and_is_printed_once():
    built = plan(
        parse(["labels"]),
        Counts(images=7, videos=2),
        region="us-east-1",
        prices=PriceTable.bundled(),
        quotas=QuotaTable.bundled(),
        unread=7,
    )
    said = [
        "2 videos not asked about: --api names no API for video.",
        "7 images are compared when they are read: copies, and what an earlier job answered, cost nothing then.",
    ]
    assert head(built) == said
    assert set(said) < set(built.assumptions)
    assert not any(line in "\n".join(notes(built, explain=True)) for line in said)
