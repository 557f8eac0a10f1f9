"""Shares as a plan says them: with their 95 % interval, unless nothing is left to chance. Pure."""

from jobs.intervals import Interval
from jobs.words import count


def percent(part: float) -> str:
    """`24 %`, `1.3 %`, `99.5 %`."""
    return f"{count(100 * part, 0 if 0.1 <= part <= 0.9 else 1)} %"


def between(share: Interval, of: str) -> str:
    """`25 % to 38 % of images, by 95 %`, `at most 3.7 % of images, by 95 %`, `7.1 % of images`."""
    low, high = percent(share.low), percent(share.high)
    if share.low == share.high:
        return f"{low} of {of}"
    ends = f"{low} to {high}" if share.low else f"at most {high}"
    return f"{ends} of {of}, by 95 %"
