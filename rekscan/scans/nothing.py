"""There is nothing to ask about: what to raise, in the words that `estimate` and `scan` share."""

from collections.abc import Iterator, Sequence

from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.plan.text import left_out
from jobs.words import many


def nothing_in(sources: Sequence[str]) -> RekscanError:
    """They hold nothing at all."""
    return RekscanError(f"{', '.join(sources)} is empty", "Give a directory, prefix or list with pictures in it.")


def nothing_for(sources: Sequence[str], counts: Counts, notes: Sequence[str] = ()) -> RekscanError:
    """What is there is nothing for the APIs asked for. `notes`: on what could not be looked at."""
    there = [many(n, what) for n, what in ((counts.images, "image"), (counts.videos, "video")) if n]
    there += left_out(counts)
    where = f" in {', '.join(sources)}" if sources else ""
    unsent = bool(counts.left_out_ms and not (counts.images or counts.videos))
    return RekscanError(
        f"nothing{where} can be sent: {', '.join(there)}"
        if unsent
        else f"there is nothing{where} that these APIs are paid for: {', '.join(there) or 'no image'}",
        " ".join([*notes, *_instead(sources, counts)]),
    )


def _instead(sources: Sequence[str], counts: Counts) -> Iterator[str]:
    if counts.images or counts.videos:
        yield f"Name an API for {'pictures' if counts.images else 'videos'}: `rekscan apis` lists them."
    if counts.left_out_ms:
        yield "docs/video.md says which videos Rekognition takes."
    elif not (counts.images or counts.videos):
        yield "Give a source with pictures in it." if sources else "Give an amount over 0, or a source."
