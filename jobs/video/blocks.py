"""A film read in blocks, for who decodes some of its pictures: the blocks that were read last are kept.

Rule: what one film may take is bounded, whatever its decoder asks for.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.items import Item
from jobs.uris import is_local
from jobs.video.origins import S3, local_file, s3_object
from jobs.video.reading import Exhausted, Fetch, Reads


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is read at a time, kept, and read at most."""

    block: int  # bytes
    kept: int  # blocks
    most: int  # bytes


HERE_AND_THERE = Extent(256 * 1024, 64, 64 * 1024 * 1024)  # the tables of six hours, and some seconds of them


class Blocks:
    """Blocks of a file of `size` bytes, by their number; for one thread."""

    def __init__(self, fetch: Fetch, size: int, reads: Reads, extent: Extent) -> None:
        """`reads`: what opening it took."""
        self.size = size
        self.reads = reads
        self.extent = extent
        self._fetch = fetch
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def block(self, number: int) -> bytes:
        """Empty behind the end. Raises Exhausted, or as the origin does."""
        if number in self._held:
            self._held.move_to_end(number)
            return self._held[number]
        block = self.extent.block
        count = max(0, min(block, self.size - number * block))
        if self.reads.bytes + count > self.extent.most:
            raise Exhausted
        data = self._fetch(number * block, count) if count else b""
        self.reads += Reads(1, len(data))
        self._held[number] = data
        if len(self._held) > self.extent.kept:
            self._held.popitem(last=False)
        return data


@contextmanager
def blocks_of(film: Item, s3: S3 | None, extent: Extent = HERE_AND_THERE) -> Iterator[Blocks]:
    """A film's blocks. `s3`: what reads objects. Raises Refused, also while they are read."""
    if is_local(film.uri):
        with local_file(film) as reader:
            yield Blocks(reader.fetch, reader.size, reader.reads, extent)
        return
    assert s3 is not None
    reader, _ = s3_object(film, s3.client, s3.spans, aws=False)
    yield Blocks(reader.fetch, reader.size, reader.reads, extent)
