"""Strata: a source's images by folder, or by the date in their names, counted while the listing streams by.

Rule: an image is in the stratum of the longest folder that is one, told by its URI alone. Reports find it there again,
those of old jobs too, so `levels` says the same for ever. Memory is bounded whatever the source holds.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from math import ceil

from jobs.redact import shown_uri
from jobs.sample.record import SampleStratum

LEAST = 20  # images a stratum has in the sample, on the average
MOST = 200  # strata of a sample
HELD = 10_000  # folders counted apart while listing: more, and the deepest count with those above them
_DEEPEST = 24

Path = tuple[str, ...]

_START = re.compile(r"[a-z0-9]+://[^/]*")
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?=\d{6}(?!\d)|\D|$)")


def levels(uri: str) -> Path:
    """The folders that an image is in, from the outermost on: `("s3://bucket", "2019", "05")`.

    Where a name has a date (`20190512`, `2019-05-12`), year and month stand before it as folders.
    """
    uri = shown_uri(uri)
    folder, _, name = (uri.partition("?")[0] if uri.startswith("http") else uri).rpartition("/")
    return (*_folders(folder), *_dates(name))[:_DEEPEST]


def stratum_of(path: Path, names: Container[str]) -> str:
    """The name of the stratum that an image with these levels is in."""
    for length in range(len(path), 0, -1):
        if (name := "/".join(path[:length])) in names:
            return name
    return ""


class FolderCount:
    """Images of the whole source, by folder: those right in each."""

    def __init__(self) -> None:
        self._images: Counter[Path] = Counter()
        self._depth = _DEEPEST

    @property
    def images(self) -> Mapping[Path, int]:
        return self._images

    @property
    def whole(self) -> int:
        return self._images.total()

    def add(self, uris: Iterable[str]) -> None:
        """Images of the source."""
        self._images.update(map(self.folder_of, uris))
        while len(self._images) > HELD:
            self._depth = max(map(len, self._images)) - 1
            self._images = _cut(self._images, self._depth)

    def folder_of(self, uri: str) -> Path:
        """The one that an image is counted in. Once all are counted it is the same in whatever order they came."""
        return levels(uri)[: self._depth]

    def strata(self, drawn: Mapping[Path, int]) -> tuple[SampleStratum, ...]:
        """By name. A folder with fewer than LEAST images in a sample of this size counts with the one above it.
        `drawn`: images of the sample right in each folder."""
        least = ceil(LEAST * self.whole / max(1, sum(drawn.values())))
        while len(found := _folded(self._images, least)) > MOST:
            least *= 2
        wholes = {"/".join(path): images for path, images in found.items()}
        of: Counter[str] = Counter()
        for path, images in drawn.items():
            of[stratum_of(path, wholes)] += images
        return tuple(SampleStratum(name, wholes[name], of[name]) for name in sorted(wholes))


def _folded(counts: Counter[Path], least: int) -> dict[Path, int]:
    """Folders with at least so many images, each without those of folders below it that have as many; () is the rest,
    and where that has fewer, it takes in the smallest of those beside it."""
    found = Counter(counts)
    for depth in range(max(map(len, found), default=0), 0, -1):
        for path in [path for path, images in found.items() if len(path) == depth and images < least]:
            found[path[:-1]] += found.pop(path)
    while len(found) > 1 and 0 < found[()] < least:
        outer = [path for path in found if path and not any(path[:n] in found for n in range(1, len(path)))]
        found[()] += found.pop(min(outer, key=lambda path: (found[path], path)))
    return {path: images for path, images in found.items() if images}


def _cut(counts: Counter[Path], depth: int) -> Counter[Path]:
    found: Counter[Path] = Counter()
    for path, images in counts.items():
        found[path[:depth]] += images
    return found


@lru_cache(4096)
def _folders(folder: str) -> Path:
    """`s3://bucket`, or the first folder of this machine with its slash, is one level."""
    start = _START.match(folder)
    first = start[0] if start else "/" if folder.startswith("/") else ""
    rest = folder[len(first) :].removeprefix("/").split("/") if len(folder) > len(first) else []
    found = [first] if start else []
    for number, name in enumerate(rest):
        found += [*_dates(name), name if start or number else f"{first}{name}"]
    return tuple(found)


def _dates(name: str) -> Path:
    found = _DATE.search(name)
    return (found[1], f"{found[1]}-{found[3]}") if found else ()
