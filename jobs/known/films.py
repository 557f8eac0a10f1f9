"""How many calls on films need not be paid for: the home has their answers.

Rule: constant memory. A film is looked up by the very question that a start would ask, so that what a plan leaves out
is what a worker copies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.apis import VideoChoice
from jobs.counts import FilmCalls
from jobs.folder.films import FilmItem, FilmsWriter, film_items
from jobs.known.buckets import Buckets, names_of
from jobs.known.question import Question
from jobs.known.segments import SCHEMA, Names, Segments
from jobs.known.sync import OF_FILMS

_ROWS = 1000  # films looked up together
_ENTRY = ["content", "call"]

Asks = Callable[[FilmItem, VideoChoice], Question]


def known_films(
    films: Iterable[FilmItem], choices: Sequence[VideoChoice], asks: Asks, segments: Segments
) -> dict[str, FilmCalls]:
    """By API, the calls on these films that the home has answers to. `asks`: what is asked about a film."""
    lasting = [choice for choice in choices if choice.api.reusable]
    with Buckets() as buckets:
        coming = iter(films)
        while some := list(islice(coming, _ROWS)):
            for number, choice in enumerate(lasting):
                names = names_of(asks(film, choice).known_by for film in some)
                buckets.add(names, api=np.int64(number), ms=np.array([film.priced_ms for film in some], np.int64))
        for last in (False, False, True):
            try:
                return _count(buckets, segments, lasting)
            except FileNotFoundError:  # a segment was merged into another meanwhile
                if last:
                    raise
    return {}


def _count(buckets: Buckets, segments: Segments, choices: Sequence[VideoChoice]) -> dict[str, FilmCalls]:
    found = {choice.api.name: FilmCalls() for choice in choices}
    there = segments.all()
    for low, high, records in buckets.each():
        known = [segments.range(segment, low, high, _ENTRY) for segment in there]
        entries = pa.concat_tables([SCHEMA.empty_table().select(_ENTRY), *known])
        of_films = entries.column("call").to_numpy() == OF_FILMS
        answered = np.isin(records["name"], np.frombuffer(Names.of(entries).data, "S16")[of_films])
        for record in records[answered]:
            found[choices[int(record["api"])].api.name].add(int(record["ms"]))
    return {name: calls for name, calls in found.items() if calls.calls}


class KeptFilms(AbstractContextManager["KeptFilms"]):
    """What an estimate, which writes no job, keeps of films: temporary files."""

    def __init__(self) -> None:
        self._directory = TemporaryDirectory(prefix="rekscan-")
        self._writer = FilmsWriter(self._write)

    def add(self, film: FilmItem) -> None:
        self._writer.add(film)

    def read(self) -> Iterator[FilmItem]:
        """All that were added; none can be added after."""
        self._writer.close()
        for path in sorted(Path(self._directory.name).rglob("*.parquet")):
            yield from film_items(pq.read_table(path))

    def _write(self, name: str, data: bytes) -> None:
        path = Path(self._directory.name) / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._directory.cleanup()
