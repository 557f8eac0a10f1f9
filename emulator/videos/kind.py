"""What a kind of video job is: a row of data that Start, Get and the engines read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]  # one element of an answer's list, with its Timestamp


@dataclass(frozen=True, slots=True)
class Kind:
    """`subject` makes the names Start<subject> and Get<subject>.

    An item of `results` holds its finding in `member`; Get may sort by its `key` (`SortBy` then is `sort`), and merge
    neighbours of one name into segments if `aggregates`.
    """

    subject: str
    short: str
    results: str
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
