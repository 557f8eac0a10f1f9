"""How many images of each folder a sample has: its share, whatever the size of the sample.

    images of the source -> folders below it, and those right in it -> folders below these -> ...

Folders beside each other are halved, and halved again, until each stands alone. Of what is due to two halves the first
has its share, rounded down or up by a start that the seed draws for each halving.
Rule: a share is rounded up as often as its fraction says, so no image is likelier than another, however small its
folder and the sample. A larger sample has as many or more of every folder: a smaller one is part of it. (Rounding at
random without bias: L. H. Cox, JASA 82, 1987; systematic sampling: Cochran, Sampling Techniques, chapter 8.)
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from math import floor

from jobs.sample.strata import Path

_HERE = "\0"  # stands as a folder for the images right in one that has others below it


def allot(folders: Mapping[Path, int], number: int, seed: int) -> dict[Path, int]:
    """Of so many drawn, those right in each folder. `folders`: images right in each."""
    whole: Counter[Path] = Counter()
    below: defaultdict[Path, set[Path]] = defaultdict(set)
    for path, images in folders.items():
        leaf = (*path, _HERE)
        for length in range(len(leaf) + 1):
            whole[leaf[:length]] += images
        for length in range(len(leaf)):
            below[leaf[:length]].add(leaf[: length + 1])
    found: dict[Path, int] = {}
    waiting: list[tuple[Sequence[Path], int]] = [([()], min(number, whole[()]))]  # beside each other, and what is due
    while waiting:
        parts, due = waiting.pop()
        if len(parts) > 1:
            sizes = list(accumulate(whole[part] for part in parts))
            half = _halfway(sizes)
            first = rounded(Fraction(due * sizes[half - 1], sizes[-1] or 1), _start(parts[half], seed))
            waiting += [(parts[:half], first), (parts[half:], due - first)]
        elif parts[0] in below:
            waiting.append((sorted(below[parts[0]]), due))
        else:
            found[parts[0][:-1]] = due
    return found


def rounded(share: Fraction, start: Fraction) -> int:
    """Up for those starts from 0 to 1, as large a part of them as the share's fraction, that are the highest."""
    return floor(share + start)


def _halfway(sizes: Sequence[int]) -> int:
    """How many parts come into the first half. `sizes`: of each and those before it."""
    half = bisect_left(sizes, sizes[-1] / 2)
    closer = half > 0 and sizes[-1] / 2 - sizes[half - 1] < sizes[half] - sizes[-1] / 2
    return min(max(1, half if closer else half + 1), len(sizes) - 1)


def _start(part: Path, seed: int) -> Fraction:
    """Of the halving before this part."""
    digest = blake2b("\0".join((str(seed), *part)).encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return Fraction(int.from_bytes(digest), 256**6)
