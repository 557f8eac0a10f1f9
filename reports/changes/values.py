"""The differences as values: what `rekscan diff` prints, writes and shows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SAMPLES = 20  # of each kind of change


@dataclass(frozen=True, slots=True)
class Change:
    """One finding of one item, or an item itself (without an API and a name)."""

    what: str  # added, gone, altered (items); came, went, moved (findings)
    api: str
    uri: str
    name: str
    before: float | None  # confidence, percent
    after: float | None


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

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
