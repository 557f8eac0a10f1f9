"""The S3 part of a scan's bill: listing and reading. Another service's bill: beside the total, never in it.

Rule: upper bounds of our own requests. An image sent as bytes costs one GET, a look at its head before that another; a
video costs those that looking at it took. Whether S3 bills the reads Rekognition makes itself for an S3Object is in
none of our sources, so they are not counted.
Source of the prices: meters `s3-get` and `s3-list` of jobs/data/prices.json; 1,000 keys come per LIST (S3's page size).
"""

from decimal import Decimal
from typing import Any

from jobs.money.prices import Line, PriceTable, money, number, total
from jobs.plan.values import Plan

_PAGE = 1000  # keys per ListObjectsV2 answer
_GETS = 2  # per image at most: a look at its head, then the whole


def s3_lines(plan: Plan, prices: PriceTable) -> tuple[Line, ...]:
    """LIST and GET requests of a scan, at most."""
    counts = plan.counts
    if not counts.s3_items:
        return ()
    lists = prices.price("s3-list", plan.region, -(-counts.s3_items // _PAGE))
    images = counts.s3_images if plan.asks_of_images else 0
    return (lists, prices.price("s3-get", plan.region, _GETS * images + counts.video_gets))


def s3_json(lines: tuple[Line, ...]) -> dict[str, Any]:
    """The `s3` part of `estimate --json`."""
    rows = [{"meter": line.meter, "units": number(line.units), "usd": money(line.usd)} for line in lines]
    usd: Decimal | None = total(line.usd for line in lines)
    return {"in_total": False, "at_most_usd": money(usd), "lines": rows}
