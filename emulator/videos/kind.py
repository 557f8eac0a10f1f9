"""What a kind of video job is: a row of data that Start, Get and the engines read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.faces.face_collections import Collections
from emulator.faces.gallery import Gallery
from emulator.models.cuts import Frame
from emulator.models.features import Seen
from emulator.videos.film import Film

Item = dict[str, Any]  # one element of an answer's list, with its Timestamp


@dataclass(frozen=True, slots=True)
class Known:
    """Who may be recognised."""

    collections: Collections
    gallery: Gallery


class Viewer(Protocol):
    """Turns what is seen of one film into items, as it is seen; what can only be said at the end, at the end."""

    def look(self, at: int, seen: Seen) -> Iterable[Item]:
        """What the models saw at this millisecond."""

    def frame(self, frame: Frame) -> None:
        """A single frame of a film that is looked at for cuts."""

    def end(self, film: Film) -> Iterable[Item]: ...


@dataclass(slots=True)
class EachLook:
    """A viewer that needs no more than one look for its items."""

    items: Callable[[int, Seen], Iterable[Item]]

    def look(self, at: int, seen: Seen) -> Iterable[Item]:
        return self.items(at, seen)

    def frame(self, frame: Frame) -> None:
        """Not asked for."""

    def end(self, film: Film) -> Iterable[Item]:
        return ()


@dataclass(frozen=True, slots=True)
class Kind:
    """`subject` makes the names Start<subject> and Get<subject>.

    An item of `results` holds its finding in `member`; Get may sort by its `key` (`SortBy` then is `sort`), and merge
    neighbours of one name into segments if `aggregates`.
    """

    subject: str
    short: str
    results: str
    viewer: Callable[[dict[str, Any], Known], Viewer]
    features: Callable[[dict[str, Any]], tuple[str, ...]] = lambda request: ()  # of `Seen`, twice a second
    darkest: Callable[[dict[str, Any]], float | None] = lambda request: None  # cuts are wanted: MaxPixelThreshold
    member: str = ""
    key: str = ""
    sort: str = ""
    aggregates: bool = False
    lists_metadata: bool = False
    about: Callable[[dict[str, Any]], dict[str, Any]] = lambda request: {}  # members of every page: model versions
    meters: Callable[[dict[str, Any]], tuple[str, ...]] = lambda request: ()  # beside `short`
    cannot: str = ""

    @property
    def start(self) -> str:
        return f"Start{self.subject}"

    @property
    def get(self) -> str:
        return f"Get{self.subject}"

    def billed(self, request: dict[str, Any]) -> tuple[str, ...]:
        """The meters one job is on, each with the film's milliseconds."""
        return self.meters(request) or (self.short,)
