"""Which tables a job's `reports/` holds: `tables.json`, written last, says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jobs import documents
from jobs.folder import JobFolder

INDEX = "tables.json"


@dataclass(frozen=True, slots=True)
class BuiltTables:
    """What a build wrote. `paths` are where a person finds the files; `rows` by table name."""

    job: str  # the job's id
    paths: tuple[str, ...] = ()  # where a person finds the files
    rows: Mapping[str, int] = field(default_factory=dict)  # by table name
    formats: tuple[str, ...] = ()  # csv, parquet, jsonl
    min_confidence: float | None = None  # findings below it were left out
    partial: str | None = None  # why the job is not complete
    parts: str = ""  # which result parts these tables are of
    files: tuple[str, ...] = ()  # names in `reports/`

    def to_json(self) -> bytes:
        return documents.dump(self)

    @classmethod
    def from_json(cls, data: bytes, job: str) -> "BuiltTables":
        """Raises RekscanError where this version cannot read it."""
        return documents.load(cls, data, f"reports/{INDEX} of job {job}")

    def says_as(self, other: "BuiltTables | None") -> bool:
        """Whether both builds are of the same answers at the same threshold."""
        mine = (self.parts, self.min_confidence, self.partial)
        return other is not None and mine == (other.parts, other.min_confidence, other.partial)

    def still_good(self, other: "BuiltTables") -> set[str]:
        """Files of an earlier build that say the same as this one, in formats this one did not write."""
        if not self.says_as(other):
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
    return BuiltTables.from_json(data, folder.job) if data else None
