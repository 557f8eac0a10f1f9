"""The S3 part of a scan's bill: listing, reading, and videos that are staged. Another service's bill: beside the total,
never in it.

Rule: upper bounds of our own requests. An image sent as bytes costs one GET, a look at its head before that another,
comparing it (--near) one more, and so a look of the bundled models (--first local); a video costs those that looking at
it took, before each start two (whether it is what it was), where frames are taken out of it one for each megabyte, and
where it is staged its upload, and its bytes for as long as the scan is taken to last, in whole days. With several
Regions, what is asked elsewhere than in the first, where the bucket is taken to be, goes there as bytes: they leave its
Region, once for each call. Whether S3 bills the reads Rekognition makes itself for an S3Object is in none of our
sources, so they are not counted.
Source of the prices: meters `s3-...` of jobs/data/prices.json; 1,000 keys come per LIST (S3's page size). That of
transfer is into another Region; out of AWS it is dearer.
"""

from decimal import Decimal
from typing import Any

from jobs.money import staging
from jobs.money.prices import Line, PriceTable, Units, money, number, total
from jobs.plan.values import Plan
from jobs.words import count, dollars

GB = Decimal(10) ** 9
_PAGE = 1000  # keys per ListObjectsV2 answer
_GETS = 2  # per image at most: a look at its head, then the whole
_LOOKS = 2  # per staged video: whether it is there already, and whose it is
_SEEN = 2  # before each start: whether the video is what it was, once more where it waited for a slot


def s3_lines(plan: Plan, prices: PriceTable) -> tuple[Line, ...]:
    """LIST and GET requests of a scan, at most."""
    counts = plan.counts
    units: dict[str, Units] = {}
    if counts.s3_items:
        each = _GETS + (plan.first is not None)
        gets = each * counts.s3_images + counts.frame_gets if plan.asks_of_images else 0
        units = {"s3-list": -(-counts.s3_items // _PAGE), "s3-get": gets + counts.video_gets + counts.near_gets}
    if counts.s3_items or counts.staged:
        there = counts.videos - counts.videos_here
        starts = sum(min(rate.calls, there) for rate in plan.rates if rate.operation.startswith("Start"))
        units["s3-get"] = units.get("s3-get", 0) + _SEEN * starts
    moved = [line] if (line := transfer(plan, prices)) else []
    if counts.staged and plan.asks_of_videos:
        kept = staging.whole_days(plan.duration_s or 0)
        units["s3-get"] += _LOOKS * counts.staged
        units["s3-put"] = counts.staged_requests
        units["s3-storage"] = staging.gb_months(Decimal(counts.staged_bytes) * kept)
    return (*(prices.price(meter, plan.region, number) for meter, number in units.items()), *moved)


def transfer(plan: Plan, prices: PriceTable) -> Line | None:
    """What leaves the first Region, at most: each call's share of all that is sent. None without objects, or with one
    Region."""
    if not (plan.counts.s3_images and plan.places):
        return None
    shares = [
        sum(tps or 0 for place, tps in rate.at.items() if plan.region_of(place) != plan.region) / rate.tps
        for rate in plan.rates
        if rate.tps
    ]
    moved = (plan.counts.bytes * Decimal(str(sum(shares)))).to_integral_value()
    return prices.price("s3-transfer", plan.region, moved / GB)


def s3_text(lines: tuple[Line, ...]) -> list[str]:
    """The same for people; nothing where nothing is asked of S3."""
    parts = ", ".join(f"{count(line.units)} {line.meter} {dollars(line.usd)}" for line in lines)
    return ["", f"Beside it, on S3's bill, at most: {parts}"] if lines else []


def s3_json(lines: tuple[Line, ...]) -> dict[str, Any]:
    """The `s3` part of `estimate --json`."""
    rows = [{"meter": line.meter, "units": number(line.units), "usd": money(line.usd)} for line in lines]
    usd: Decimal | None = total(line.usd for line in lines)
    return {"in_total": False, "at_most_usd": money(usd), "lines": rows}
