"""The items of a job that are frames of films: taken some at a time, in the order of the film.

Rule: the frames of one film that stand together in a shard are taken in runs, each by one question to a decoder,
whoever of them is asked for first; meanwhile another decoder takes the run after. What was taken serves every request,
as long as there is room for it.
"""

from concurrent.futures import Executor
from contextlib import AbstractContextManager, suppress
from itertools import groupby, pairwise

from jobs.byte_cache import Store
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.header import header
from jobs.media.origins import Loaded, named_by_bytes
from jobs.uris import frame_of
from jobs.video.frames import RUN, FilmFrames, Run

_SHARDS = 8  # whose runs are remembered

Kept = Run | Skip
Frames = tuple[Item, ...]  # of one film, that are taken together


def new_runs(most_bytes: int) -> "Store[Kept]":
    """A bounded store of what was taken, for the jobs of one process to share."""
    return Store(most_bytes, lambda kept: 0 if isinstance(kept, Skip) else kept.weight, _lasting)


def runs_of(items: list[Item]) -> list[Frames]:
    """The frames among the items of a shard, as they are taken."""
    found: list[Frames] = []
    frames = (item for item in items if item.kind == "frame" and item.skip is None)
    for _, of_film in groupby(frames, lambda item: frame_of(item.uri)[0]):
        film = tuple(of_film)
        found += (film[start : start + RUN] for start in range(0, len(film), RUN))
    return found


class _Shard:
    """The runs of one shard, by item."""

    def __init__(self, items: list[Item]) -> None:
        runs = runs_of(items)
        self.run = {item.item_id: run for run in runs for item in run}
        self.after = {run[0].item_id: later for run, later in pairwise(runs)}


class JobFrames:
    """Thread-safe. `ahead`: a thread that takes the run after the one that is asked for."""

    def __init__(self, folder: JobFolder, films: FilmFrames, store: "Store[Kept]", ahead: Executor) -> None:
        self._folder = folder
        self._films = films
        self._store = store
        self._ahead = ahead
        self._shards: dict[int, _Shard] = {}

    def load(self, item: Item) -> Loaded | Skip:
        """A frame as a picture, or why there is none."""
        shard = self._shard(item)
        run = shard.run[item.item_id]
        if (later := shard.after.pop(run[0].item_id, None)) is not None:
            with suppress(RuntimeError):  # the worker ends
                self._ahead.submit(self._take, later)
        with self._kept(run) as taken:
            picture = taken if isinstance(taken, Skip) else taken.pictures[run.index(item)]
        if isinstance(picture, Skip):
            return picture
        return Loaded(header(picture), len(picture), picture, named_by_bytes(picture))

    def _take(self, run: Frames) -> None:
        with self._kept(run):
            pass

    def _kept(self, run: Frames) -> AbstractContextManager[Kept]:
        return self._store.get((self._folder.where, run[0].item_id), lambda: self._taken(run))

    def _taken(self, run: Frames) -> Kept:
        first = run[0]
        film = Item(first.item_id, frame_of(first.uri)[0], "video", None, first.etag, first.version)
        return self._films.run(film, [frame_of(item.uri)[1] for item in run])

    def _shard(self, item: Item) -> _Shard:
        number = item.item_id // self._folder.spec.shard_size
        shard = self._shards.get(number)
        if shard is None:  # at worst two threads read it
            shard = self._shards[number] = _Shard(self._folder.items(number))
            while len(self._shards) > _SHARDS:
                self._shards.pop(next(iter(self._shards)), None)
        return shard


def _lasting(kept: Kept) -> bool:
    """What may be told to the next caller too; trouble in reading may have passed by then."""
    return not (isinstance(kept, Skip) and kept.fault is not None)
