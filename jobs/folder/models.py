"""Models that a job has started: a record before each start is sent, another once its stop was taken.

Rule: both are written once. A start without a stop is a model that may still run and cost, whatever was killed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs import documents
from jobs.folder.folder import JobFolder

_FOLDER = "models"


@dataclass(frozen=True, slots=True)
class ModelStart:
    """A Custom Labels model that is about to be started for the job."""

    number: int  # from 1 (since 2)
    api: str  # as --api names it (since 2)
    model: str  # its ARN (since 2)
    units: int  # inference units it is started with (since 2)
    at: datetime  # when this was written, before the start was sent (since 2)


@dataclass(frozen=True, slots=True)
class ModelStop:
    """The end of one."""

    at: datetime  # when (since 2)
    sent: bool = True  # false: it was found stopped, and may have been so for long (since 2)


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A start with its stop, if there is one."""

    start: ModelStart
    stop: ModelStop | None

    def unit_ms(self, now: datetime) -> Iterator[tuple[str, int]]:
        """By month (`2026-11`), milliseconds that it ran times its units."""
        yield from unit_ms(self.start.at, self.stop.at if self.stop else now, self.start.units)


def unit_ms(at: datetime, end: datetime, units: int) -> Iterator[tuple[str, int]]:
    """By month, milliseconds of that time times the units."""
    at, end = at.astimezone(UTC), end.astimezone(UTC)
    while at < end:
        month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        until = min(end, (month + timedelta(days=32)).replace(day=1))
        yield f"{at:%Y-%m}", round((until - at) / timedelta(milliseconds=1)) * units
        at = until


def model_runs(folder: JobFolder) -> list[ModelRun]:
    """In the order of their starts."""
    if not any(choice.api.runs for choice in folder.spec.apis):
        return []
    names = folder.names(_FOLDER)
    return [_run(folder, name) for name in sorted(names) if name.endswith("-started.json")]


def open_runs(folder: JobFolder) -> list[ModelStart]:
    """Starts without a stop."""
    return [run.start for run in model_runs(folder) if run.stop is None]


def write_start(folder: JobFolder, api: str, model: str, units: int) -> ModelStart:
    """To be called before the start is sent."""
    number = len(model_runs(folder)) + 1
    while True:
        start = ModelStart(number, api, model, units, datetime.now(UTC))
        if folder.write(_name(number, "started"), documents.dump(start), once=True):
            return start
        number += 1


def write_stop(folder: JobFolder, number: int, *, sent: bool) -> None:
    """Whoever writes it first is right."""
    folder.write(_name(number, "stopped"), documents.dump(ModelStop(datetime.now(UTC), sent)), once=True)


def _run(folder: JobFolder, name: str) -> ModelRun:
    data = folder.read(f"{_FOLDER}/{name}")
    start = documents.load(ModelStart, data or b"", f"{name} of job {folder.job}")
    stop = folder.read(_name(start.number, "stopped"))
    return ModelRun(start, documents.load(ModelStop, stop, f"a stop of job {folder.job}") if stop else None)


def _name(number: int, what: str) -> str:
    return f"{_FOLDER}/{number:03d}-{what}.json"
