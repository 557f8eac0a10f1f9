"""How many images of each folder a sample has: its share, whatever the size of the sample.

    images of the source -> folders below it, and those right in it -> folders below these -> ...

Rule: the images of a folder stand as evenly as they can on the way from nothing to all of them, from a start that the
seed draws for each: of 8 at 3/100, 16/100, 28/100, ..., and a sample has what comes first. So each folder that has an
image due gets one, no image is likelier than another, and a larger sample has as many or more of every folder: a
smaller one is part of it. (A divisor method of apportionment, with random starts: Balinski and Young, Fair
Representation, 1982; systematic sampling: Cochran, Sampling Techniques, chapter 8.)
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from heapq import heapify, heapreplace
from math import ceil

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
    waiting: list[tuple[Path, int]] = [((), min(number, whole[()]))]
    while waiting:
        path, due = waiting.pop()
        if path not in below:
            found[path[:-1]] = due
            continue
        parts = sorted(below[path])
        starts = [_start(part, seed) for part in parts]
        waiting += zip(parts, _shares(due, [whole[part] for part in parts], starts), strict=True)
    return found


def _shares(due: int, sizes: Sequence[int], starts: Sequence[float]) -> list[int]:
    """How many of the first `due` places on the way are each part's."""
    surely = max(0, due - len(sizes)) / max(1, sum(sizes))  # no more of them come before
    shares = [min(size, max(0, ceil(size * surely - start))) for size, start in zip(sizes, starts, strict=True)]
    coming = [
        ((share + start) / size, n)
        for n, (share, size, start) in enumerate(zip(shares, sizes, starts, strict=True))
        if share < size
    ]
    heapify(coming)
    for _ in range(due - sum(shares)):
        _, n = coming[0]
        shares[n] += 1
        after = (shares[n] + starts[n]) / sizes[n] if shares[n] < sizes[n] else 2.0  # behind all others
        heapreplace(coming, (after, n))
    return shares


def _start(part: Path, seed: int) -> float:
    digest = blake2b("\0".join((str(seed), *part)).encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest) / 256**6
