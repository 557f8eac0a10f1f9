"""The differences as values: what `rekscan diff` prints, writes and shows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jobs.sample.record import Sample
from jobs.words import clock

SAMPLES = 20  # of each kind of change
MOVED_MS = 1_000  # that a finding may begin earlier or later in a film without being told


@dataclass(frozen=True, slots=True)
class Change:
    """One finding of one item, or an item itself (without an API and a name)."""

    what: str  # added, gone, altered (items); came, went, moved (findings)
    api: str
    uri: str
    name: str
    before: float | None = None  # confidence, percent
    after: float | None = None
    before_ms: int | None = None  # where in a film it is first seen
    after_ms: int | None = None

    @property
    def places(self) -> tuple[str, str]:
        """Where in a film it was and is first seen: "0:07"; "" of a picture, and where it is not."""
        was, now = ("" if ms is None else clock(max(0, ms)) for ms in (self.before_ms, self.after_ms))
        return was, now


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """All findings of an API that came, went, or moved."""

    findings: int
    items: int
    names: Mapping[str, int]  # the most frequent -> findings
    samples: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ApiChanges:
    """One API in both jobs."""

    api: str
    both: int  # items that it answered in both
    only_before: int  # items that it answered in the first alone
    only_after: int
    models: tuple[tuple[str, ...], tuple[str, ...]]  # versions in the first and the second job
    other_parameters: bool
    kinds: Mapping[str, ChangeKind]  # came, went, moved
    timed: bool = False  # of films: findings move in time, too

    @property
    def other_model(self) -> bool:
        """Whether both told which they are, and they differ."""
        return all(self.models) and self.models[0] != self.models[1]

    def beyond(self, margin: float) -> str:
        """How far a finding moves before it is told."""
        return f"more than {margin:g} points" + (f" or {MOVED_MS // 1000} s" if self.timed else "")


@dataclass(frozen=True, slots=True)
class Changes:
    """Two jobs. `items`: added, gone, altered, same."""

    before: str
    after: str
    margin: float  # percent points that a confidence may move without being told
    items: Mapping[str, int]
    samples: Mapping[str, tuple[Change, ...]]  # of items added, gone, altered
    apis: tuple[ApiChanges, ...]
    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # job -> APIs that it alone asked
    sampled: Mapping[str, Sample] = field(
        default_factory=dict
    )  # job -> what it was drawn from, of those that are samples

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"sampled": {job: sample.in_short() for job, sample in self.sampled.items()}}
