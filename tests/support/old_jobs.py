"""Job homes that an earlier version left behind (tests/fixtures/jobs/README.md), put where a test can go on with them.

Rule: the folders name their pictures by absolute paths, as every job does. A copy differs from what was written in
those paths alone: in job.json, and in `uri` of the manifest.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FIXTURES = Path(__file__).parents[1] / "fixtures" / "jobs"
NAMES = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))
_WRITTEN_AT = "/pictures"  # where the pictures were when the homes were written
_MTIME = 1_767_323_045  # of every picture then; git keeps none


@dataclass(frozen=True, slots=True)
class OldHome:
    """A copy of a home with the pictures its jobs scan, and what the version that wrote it said of each job."""

    name: str
    home: Path
    pictures: Path
    expected: dict[str, Any]

    @property
    def jobs(self) -> list[str]:
        """Oldest first."""
        return sorted(self.expected["jobs"])

    def tables_kept(self, job: str) -> list[str]:
        """The tables of a job that its own version built and the fixture kept: file names in `reports/`."""
        return [path.name for path in (FIXTURES / self.name / "home" / job / "reports").glob("*.parquet")]


def old_home(name: str, directory: Path) -> OldHome:
    """Copy a home and the pictures into `directory`."""
    pictures = directory / "pictures"
    shutil.copytree(FIXTURES / "pictures", pictures)
    for path in pictures.rglob("*"):
        os.utime(path, (_MTIME, _MTIME))
    home = directory / "home"
    shutil.copytree(FIXTURES / name / "home", home)
    for path in home.glob("*/job.json"):
        path.write_text(path.read_text().replace(f'"{_WRITTEN_AT}', f'"{pictures}'))
    for path in home.glob("*/manifest/*.parquet"):
        pq.write_table(moved(pq.read_table(path), pictures), path, compression="zstd")
    return OldHome(name, home, pictures, json.loads((FIXTURES / name / "expected.json").read_text()))


def old_table(name: str, job: str, table: str, pictures: Path) -> pa.Table:
    """A table (`labels.parquet`) as its own version built it, of pictures that are at `pictures` now."""
    return moved(pq.read_table(FIXTURES / name / "home" / job / "reports" / table), pictures)


def moved(rows: pa.Table, pictures: Path) -> pa.Table:
    """The rows with `uri` below `pictures`; else as they were, their metadata too."""
    if "uri" not in rows.column_names:
        return rows
    position = rows.schema.get_field_index("uri")
    uris = pc.replace_substring_regex(rows.column("uri"), f"^{_WRITTEN_AT}/", f"{pictures}/")
    return rows.set_column(position, rows.schema.field(position), uris)
