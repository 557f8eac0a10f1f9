"""The names of result parts. Rule: a name that more than one holder may use is of a whole part, written once; whatever
else a holder knows has its fence in the name.

    shard-000012.parquet                     every call of shard 12: whole
    shard-000012-k3f9x2ab0q-part.parquet     what one holder knew of it
    shard-000012-r001.parquet                every call that retry 1 asks in it
    shard-000012-r001-k3f9x2ab0q-part.parquet
    shard-000012-part001.parquet             what was known of it when its job stopped short, by 0.1.0
    shard-000012.parquet.torn                half-written, and put aside
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"(?:.*/)?shard-(\d{6,})(?:-r(\d{3,}))?(?:-(part\d{3,})|-([0-9a-z]+)-part)?\.parquet(\.torn)?")


@dataclass(frozen=True, slots=True)
class PartName:
    """`holder` is empty for a whole part. `retry` counts a job's retries from 1; 0 is the scan itself."""

    shard: int
    retry: int = 0
    holder: str = ""
    torn: bool = False

    @classmethod
    def parse(cls, path: str) -> "PartName | None":
        if (match := _NAME.fullmatch(path)) is None:
            return None
        shard, retry, old, holder, torn = match.groups()
        return cls(int(shard), int(retry or 0), old or holder or "", torn is not None)

    @property
    def whole(self) -> bool:
        return not self.holder and not self.torn

    @property
    def path(self) -> str:
        """In the job's folder."""
        retry = f"-r{self.retry:03d}" if self.retry else ""
        return f"results/shard-{self.shard:06d}{retry}{f'-{self.holder}-part' if self.holder else ''}.parquet"


@dataclass(frozen=True, slots=True)
class ShardParts:
    """The part files of one shard: path -> name, whole ones first, then by retry."""

    names: dict[str, PartName] = field(default_factory=dict)

    @property
    def shard(self) -> int:
        return next(iter(self.names.values())).shard

    @property
    def files(self) -> list[str]:
        """Those that can be read."""
        return [path for path, name in self.names.items() if not name.torn]

    @property
    def torn(self) -> list[PartName]:
        return [name for name in self.names.values() if name.torn]

    @property
    def whole(self) -> bool:
        """Whether the scan of it is done."""
        return self.done()

    def done(self, retry: int = 0) -> bool:
        """Whether every call that the scan, or a retry, asks in it has its outcome."""
        return any(name.whole and name.retry == retry for name in self.names.values())


def by_shard(paths: Iterable[str]) -> dict[int, ShardParts]:
    """Shards in order, with their parts."""
    found: dict[int, list[tuple[PartName, str]]] = {}
    for path, name in _named(paths):
        found.setdefault(name.shard, []).append((name, path))
    return {
        shard: ShardParts({path: name for name, path in sorted(found[shard], key=_order)}) for shard in sorted(found)
    }


def _named(paths: Iterable[str]) -> Iterator[tuple[str, PartName]]:
    for path in paths:
        if (name := PartName.parse(path)) is not None:
            yield path, name


def _order(named: tuple[PartName, str]) -> tuple[int, bool, str]:
    name, path = named
    return name.retry, not name.whole, path


def fingerprint(parts: Mapping[int, ShardParts]) -> str:
    """Which parts something was made of. Parts are never modified, so how many there are of each kind says it all."""
    partial = sum(not one.whole for one in parts.values())
    files = sum(len(one.names) for one in parts.values())
    return f"{len(parts)} shards, {partial} partial, {files} files"
