"""What a sample says of all images, in words: the same for the page, the terminal and Markdown.

Rule: an estimate is never shown without its interval; a share without one is known.
"""

from jobs.words import count, many
from reports.facts.values import ApiEstimates, Estimate, Whole

HEADER = ("Found", "In the sample", "Of all images, 95 %", "Images in all, 95 %")
MEANS = (
    "Each line is what a scan of all images would find, as far as this sample tells: the truth is in the interval 95"
    " times in 100, each line taken by itself. In a picture that cannot be sent nothing is found."
)


def title(whole: Whole) -> str:
    return f"What this says of all {many(whole.sample.whole, 'image')}"


def drawn(whole: Whole) -> str:
    """How the sample was drawn, and what it is weighed by."""
    sample, strata = whole.sample, len(whole.sample.strata)
    drawn = f"{count(sample.drawn)} images were drawn at random ({sample.asked}, seed {sample.seed})"
    if strata == 1:
        return f"{drawn}."
    by = "of each folder or date its share; they are weighed by" if sample.shares else "weighed by"
    return f"{drawn}, {by} {strata} folders or dates."


def notes(api: ApiEstimates) -> list[str]:
    """What an interval has to bear besides chance."""
    if not api.unanswered:
        return []
    are = "have no answer: they" if api.unanswered != 1 else "has no answer: it"
    return [f"{many(api.unanswered, 'image')} of the sample {are} may show anything, and the intervals have both"]


def rows(api: ApiEstimates) -> list[tuple[str, str, str, str]]:
    """By HEADER, a line for the images answered first."""
    return [_row(one) for one in (api.answered, *api.found)]


def _row(one: Estimate) -> tuple[str, str, str, str]:
    low, _, high = one.images
    images = count(low) if low == high else f"{count(low)} to {count(high)}"
    return one.name, count(one.found), _shares(100 * one.share.low, 100 * one.share.high), images


def _shares(low: float, high: float) -> str:
    """`3.1 to 4.4 %`: with more decimals the rarer it is."""
    places = 1 if high >= 1 else 2 if high >= 0.1 else 4
    first, last = count(low, places), count(high, places)
    return f"{first} %" if first == last else f"{first} to {last} %"
