"""Model versions that are started, run, are stopped and cost by the hour, kept in one SQLite file.

A run is its four moments, some of which may lie ahead: what a version's status is, is a matter of the clock.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.custom.declared import CREATED, FAILED, TRAINED, Version
from emulator.errors import AwsError, invalid_parameter, not_found

MOST_RUNNING, MOST_UNITS = 2, 5  # AWS's defaults: models of an account, units of a model
_STARTABLE = (TRAINED, "COPYING_COMPLETED", "STOPPED", FAILED)
_MOVING = ("TRAINING_IN_PROGRESS", "COPYING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING", "DELETING")
_SCHEMA = """
create table if not exists runs (
    number integer primary key,
    arn text not null,
    units integer not null,
    most integer,
    started real not null,
    ready real not null,
    stopped real,
    over real
);
create index if not exists runs_by_arn on runs (arn, number);
"""


@dataclass(frozen=True, slots=True)
class _Run:
    """`stopped`: when Stop was asked for; `over`: when it has stopped."""

    arn: str
    units: int
    most: int | None
    started: float
    ready: float
    stopped: float | None
    over: float | None


@dataclass(slots=True)
class Versions:
    """All versions of one emulator; `path` may be `:memory:`. `seconds`: what a start takes, and a stop."""

    path: Path | str = ":memory:"
    declared: Mapping[str, Version] = field(default_factory=dict)
    seconds: float = 0.0
    now: Callable[[], float] = time.time
    _db: sqlite3.Connection = field(init=False)
    _counted_from: float = field(init=False)

    def __post_init__(self) -> None:
        self._db = sqlite3.connect(self.path, isolation_level=None)
        self._db.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _SCHEMA)
        self._counted_from = self.now()

    def close(self) -> None:
        self._db.close()

    def start(self, arn: str, units: int, most: int | None) -> str:
        """The status it then has. Raises what StartProjectVersion answers."""
        version = self._version(arn)
        status = self._status(version)
        if status in _MOVING:
            raise _in_use(f"The model version is {status}.")
        if status not in _STARTABLE:
            raise invalid_parameter(f"The model version is {status} and cannot be started.")
        if max(units, most or 0) > MOST_UNITS:
            raise AwsError("LimitExceededException", f"At most {MOST_UNITS} inference units a model.")
        if most is not None and most < units:
            raise invalid_parameter("MaxInferenceUnits is less than MinInferenceUnits.")
        up = [self._status(other) in ("STARTING", "RUNNING", "STOPPING") for other in self.declared.values()]
        if sum(up) >= MOST_RUNNING:
            raise AwsError("LimitExceededException", f"At most {MOST_RUNNING} models may run at once.")
        now = self.now()
        row = (arn, units, most, now, now + self.seconds)
        self._db.execute("insert into runs (arn, units, most, started, ready) values (?, ?, ?, ?, ?)", row)
        return "STARTING"

    def stop(self, arn: str) -> str:
        """The status it then has. Raises what StopProjectVersion answers."""
        status = self._status(self._version(arn))
        if status in _MOVING and status != "RUNNING":
            raise _in_use(f"The model version is {status}.")
        if status != "RUNNING":
            raise invalid_parameter(f"The model version is {status}: it does not run.")
        now = self.now()
        where = "number = (select max(number) from runs where arn = ?)"
        self._db.execute(f"update runs set stopped = ?, over = ? where {where}", (now, now + self.seconds, arn))  # noqa: S608
        return "STOPPING"

    def running(self, arn: str) -> Version:
        """Raises what DetectCustomLabels answers for one that does not run."""
        version = self._version(arn)
        status = self._status(version)
        if status != "RUNNING":
            text = f"The model version is {status}: start it before it is asked."
            raise AwsError("ResourceNotReadyException", text)
        return version

    def projects(self, names: Collection[str]) -> list[dict[str, Any]]:
        """As DescribeProjects describes them; without names, all."""
        arns = {version.project: version.project_arn for version in self.declared.values()}
        return [
            {"ProjectArn": arn, "CreationTimestamp": CREATED, "Status": "CREATED", "Feature": "CUSTOM_LABELS"}
            for name, arn in arns.items()
            if not names or name in names
        ]

    def described(self, project_arn: str, names: Collection[str]) -> list[dict[str, Any]]:
        """As DescribeProjectVersions describes them; without names, all of the project."""
        mine = [version for version in self.declared.values() if version.project_arn == project_arn]
        if not mine:
            raise not_found(f"{project_arn} does not exist: --custom-model declares what there is.")
        return [self._describe(version) for version in mine if not names or version.name in names]

    def hours(self) -> dict[str, float]:
        """Unit-hours since `forget`, by ARN, from when it runs until Stop is asked for."""
        found: dict[str, float] = {}
        for run in self._runs():
            version = self.declared.get(run.arn)
            if version is None or version.status == FAILED:
                continue
            end = self.now() if run.stopped is None else run.stopped
            seconds = max(0.0, end - max(run.ready, self._counted_from))
            found[run.arn] = found.get(run.arn, 0.0) + run.units * seconds / 3600
        return found

    def forget(self) -> None:
        """Count from now on. What runs goes on."""
        self._counted_from = self.now()

    def _describe(self, version: Version) -> dict[str, Any]:
        run, status = self._last(version.arn), self._status(version)
        document: dict[str, Any] = {
            "ProjectVersionArn": version.arn,
            "CreationTimestamp": CREATED,
            "Status": status,
            "StatusMessage": "The model could not be started." if status == FAILED else f"The model is {status}.",
            "Feature": "CUSTOM_LABELS",
        }
        if run is not None:
            document["MinInferenceUnits"] = run.units
        if run is not None and run.most is not None:
            document["MaxInferenceUnits"] = run.most
        return document

    def _version(self, arn: str) -> Version:
        version = self.declared.get(arn)
        if version is None:
            raise not_found(f"{arn} does not exist: --custom-model declares what there is.")
        return version

    def _status(self, version: Version) -> str:
        run, now = self._last(version.arn), self.now()
        if run is None:
            return version.status
        if run.over is not None:
            return "STOPPED" if now >= run.over else "STOPPING"
        if now < run.ready:
            return "STARTING"
        return FAILED if version.status == FAILED else "RUNNING"

    def _last(self, arn: str) -> _Run | None:
        found = self._runs("where arn = ? order by number desc limit 1", (arn,))
        return found[0] if found else None

    def _runs(self, which: str = "", values: tuple[Any, ...] = ()) -> list[_Run]:
        query = f"select arn, units, most, started, ready, stopped, over from runs {which}"  # noqa: S608
        return [_Run(*row) for row in self._db.execute(query, values)]


def _in_use(message: str) -> AwsError:
    return AwsError("ResourceInUseException", message)
