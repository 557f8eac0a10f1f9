"""`--sample 2%` or `--sample 5000`: how many images of a source are drawn.

Rule: the seed has a default, so the same order draws the same images; another one is told by `--seed`.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from jobs.errors import UsageError

SEED = 20261123
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,9})?) ?%")
_NUMBER = re.compile(r"\d{1,12}")


@dataclass(frozen=True, slots=True)
class SampleSize:
    """A share of the images, or a number of them: one is None."""

    text: str  # as typed
    share: Decimal | None = None  # over 0, 1 at most
    number: int | None = None
    seed: int = SEED

    def of(self, images: int) -> int:
        """How many of so many are drawn."""
        if self.share is None:
            return min(self.number or 0, images)
        return int((self.share * images).to_integral_value(ROUND_HALF_UP))


def sample_size(text: str | None, seed: int | None = None) -> SampleSize | None:
    """What was typed; None where no sample is asked for. Raises UsageError for what cannot be one."""
    if text is None:
        if seed is not None:
            raise UsageError("--seed says which images a sample draws, and there is none", "Add --sample 2%.")
        return None
    if seed is not None and seed < 0:
        raise UsageError(f"--seed {seed}: a seed is 0 or more", "Write --seed 1.")
    seed, text = SEED if seed is None else seed, text.strip()
    if found := _SHARE.fullmatch(text):
        share = Decimal(found[1]) / 100
        if 0 < share <= 1:
            return SampleSize(text, share=share, seed=seed)
    elif _NUMBER.fullmatch(text) and int(text):
        return SampleSize(text, number=int(text), seed=seed)
    raise UsageError(f"--sample {text}: neither a share nor a number of images", "Write --sample 2% or --sample 5000.")
