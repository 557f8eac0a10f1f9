"""What a sample was drawn from, as job.json keeps it.

Rule: it has all that an extrapolation needs of the images that were not drawn: how many there are, by stratum.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleStratum:
    """Images of the source that are counted together: those below one folder or of one date."""

    name: str  # the folder; a date in a name stands as folders: year, then month. "": all in no other stratum (since 2)
    whole: int  # images of it in the source (since 2)
    drawn: int  # of them in the job (since 2)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a job was drawn from, where it is a sample."""

    asked: str  # "2%" or "5000" (since 2)
    seed: int  # of the draw (since 2)
    whole: int  # images of the source that would have been sent (since 2)
    drawn: int  # of them in the job (since 2)
    strata: tuple[SampleStratum, ...] = ()  # each image is in one; the longest folder that it is below counts (since 2)
    shares: bool = False  # of each folder its share was drawn; else as many as chance had it (since 2)

    def in_short(self) -> dict[str, int]:
        """For documents that are not about its strata."""
        return {"drawn": self.drawn, "whole": self.whole, "seed": self.seed}

    def __str__(self) -> str:
        """`a sample of 5,000 of 2,500,000 images`."""
        return f"a sample of {self.drawn:,} of {self.whole:,} images"
