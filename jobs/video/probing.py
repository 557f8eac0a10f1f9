"""Many films looked at side by side.

Rule: as many at once as are asked for and no more, whatever their number: the items are taken one by one as threads
become free, and each comes out once, in the order in which they are done.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from jobs.items import Item
from jobs.video.film import Probed
from jobs.video.probe import Prober
from jobs.video.reading import Reads

IN_FLIGHT = 32  # films: at 30 ms a GET and 2 GETs a film some 500 a second, if the machine keeps up


@dataclass(slots=True)
class ProbeTally:
    """What looking at films found so far. Times are milliseconds."""

    sent: int = 0  # films that can be
    length: int = 0  # of those whose length is known
    unknown: int = 0  # of those whose length nobody knows
    skipped: Counter[str] = field(default_factory=Counter)  # reason -> films
    left_out: Counter[str] = field(default_factory=Counter)  # reason -> their length, as far as it is known
    unseen: int = 0  # of the skipped: nobody could look at them
    reads: Reads = field(default_factory=Reads)

    @property
    def films(self) -> int:
        return self.sent + self.skipped.total()

    def add(self, found: Probed) -> None:
        self.reads += found.reads
        length = found.film.length_ms if found.film else None
        if found.skip:
            self.skipped[found.skip.reason] += 1
            self.left_out[found.skip.reason] += length or 0
            self.unseen += found.skip.fault is not None
            return
        self.sent += 1
        self.length += length or 0
        self.unknown += length is None


def probe_all(
    prober: Prober, items: Iterable[Item], *, in_flight: int = IN_FLIGHT, tally: ProbeTally | None = None
) -> Iterator[tuple[int, Probed]]:
    """(item_id, what it is) of each item. `tally` grows with each. The S3 client of `prober` should keep as many
    connections (`max_pool_connections`) as there are films in flight.

    Whoever stops iterating waits for the films in flight and no others.
    """
    coming = iter(items)
    under_way: dict[Future[Probed], int] = {}
    with ThreadPoolExecutor(in_flight, thread_name_prefix="probe") as threads:
        try:
            while True:
                while len(under_way) < in_flight and (item := next(coming, None)) is not None:
                    under_way[threads.submit(prober.probe, item)] = item.item_id
                if not under_way:
                    return
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    found = future.result()
                    if tally is not None:
                        tally.add(found)
                    yield under_way.pop(future), found
        finally:
            for future in under_way:
                future.cancel()
