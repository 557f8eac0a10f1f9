"""A film read in blocks, for who decodes some of its pictures: the blocks that were read last are kept.

Rule: what one film may take is bounded, whatever its decoder asks for.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.items import Item
from jobs.uris import is_local
from jobs.video.origins import S3, local_file, s3_object
from jobs.video.reading import Exhausted, Fetch, Reads

BLOCK = 256 * 1024
_KEPT = 64  # blocks
MAX_BYTES = 64 * 1024 * 1024  # of a film: the tables of six hours, and some seconds here and there


class Blocks:
    """Blocks of a file of `size` bytes, by their number; for one thread."""

    def __init__(self, fetch: Fetch, size: int, reads: Reads) -> None:
        """`reads`: what opening it took."""
        self.size = size
        self.reads = reads
        self._fetch = fetch
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def block(self, number: int) -> bytes:
        """Empty behind the end. Raises Exhausted, or as the origin does."""
        if number in self._held:
            self._held.move_to_end(number)
            return self._held[number]
        count = max(0, min(BLOCK, self.size - number * BLOCK))
        if self.reads.bytes + count > MAX_BYTES:
            raise Exhausted
        data = self._fetch(number * BLOCK, count) if count else b""
        self.reads += Reads(1, len(data))
        self._held[number] = data
        if len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return data


@contextmanager
def blocks_of(film: Item, s3: S3 | None) -> Iterator[Blocks]:
    """A film's blocks. `s3`: what reads objects. Raises Refused, also while they are read."""
    if is_local(film.uri):
        with local_file(film) as reader:
            yield Blocks(reader.fetch, reader.size, reader.reads)
        return
    assert s3 is not None
    reader, _ = s3_object(film, s3.client, s3.spans, aws=False)
    yield Blocks(reader.fetch, reader.size, reader.reads)
