"""Which tables a job's `reports/` holds: `tables.json`, written last, says so."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import orjson

from jobs.folder import JobFolder, ShardParts

INDEX = "tables.json"


@dataclass(frozen=True, slots=True)
class BuiltTables:
    """What a build wrote. `paths` are where a person finds the files; `rows` by table name."""

    job: str
    paths: tuple[str, ...]
    rows: Mapping[str, int]
    formats: tuple[str, ...]
    min_confidence: float | None
    partial: str | None
    parts: str  # which result parts these tables are of
    files: tuple[str, ...]  # names in `reports/`

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, data: bytes) -> "BuiltTables":
        document = orjson.loads(data)
        lists = {name: tuple(document[name]) for name in ("paths", "formats", "files")}
        return cls(**{**document, **lists})

    def still_good(self, other: "BuiltTables") -> set[str]:
        """Files of an earlier build that say the same as this one, in formats this one did not write."""
        if (self.parts, self.min_confidence, self.partial) != (other.parts, other.min_confidence, other.partial):
            return set()
        return {name for name in other.files if name.rpartition(".")[2] not in self.formats} - set(self.files)

    def with_files(self, other: "BuiltTables", names: set[str]) -> "BuiltTables":
        """This build and files of an earlier one that stay beside it."""
        kept = [(path, name) for path, name in zip(other.paths, other.files, strict=True) if name in names]
        formats = {name.rpartition(".")[2] for name in names} & set(other.formats)
        return replace(
            self,
            paths=(*self.paths, *(path for path, _ in kept)),
            files=(*self.files, *(name for _, name in kept)),
            rows={**other.rows, **self.rows} if names else self.rows,
            formats=(*self.formats, *sorted(formats - set(self.formats))),
        )


def built_tables(folder: JobFolder) -> BuiltTables | None:
    """What the job's `reports/` holds now, None before the first build."""
    data = folder.read(f"reports/{INDEX}")
    return BuiltTables.from_json(data) if data else None


def fingerprint(parts: Mapping[int, ShardParts]) -> str:
    """Which parts a build was made of. Parts are never modified, so how many there are of each kind says it all."""
    partial = sum(not one.whole for one in parts.values())
    files = sum(len(one.whole) + len(one.partial) + len(one.retries) for one in parts.values())
    return f"{len(parts)} shards, {partial} partial, {files} files"
