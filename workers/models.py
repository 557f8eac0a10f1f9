"""The keeper of models: stops those that a job has started and no job works with any more. Every worker has one, and
whoever follows a scan.

Rule: what it stops stands in Redis (jobs/ledger/models.py), and the stop is written into the folder of the job.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.aws import clients, models
from jobs.aws.access import Aws
from jobs.aws.control import Refused
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.folder.models import unit_ms, write_stop
from jobs.ledger import Ledger
from jobs.ledger.models import Models, Running, Turn

log = logging.getLogger(__name__)

ENDING_SECONDS = 30.0  # taken for what its last calls and its stop need, when a cap is held
_IN_USE = "ResourceInUseException"


@dataclass(frozen=True, slots=True)
class Left:
    """A model that nobody works with and that could not be stopped: for a `trouble`, or as it is still starting."""

    running: Running
    trouble: RekscanError | None = None


class ModelKeeper:
    """`aws`: how AWS is reached, by the S3 endpoint of a job's home."""

    def __init__(self, ledger: Ledger, aws: Callable[[str | None], Aws]) -> None:
        self.models = Models(ledger)
        self._ledger = ledger
        self._aws = aws

    def round(self, job: str | None = None) -> list[Left]:
        """Stop what nobody works with, and count the hours of the others for their cap. `job`: only what it started.
        Raises what redis-py raises."""
        found = [running for running in self.models.running() if job in (None, running.job)]
        return [left for running in found if (left := self._tend(running)) is not None]

    def used_by(self, running: Running) -> list[str]:
        return self.models.users(running.model)

    def _tend(self, running: Running) -> Left | None:
        if self.used_by(running):
            self._charge(running, ENDING_SECONDS)
            return None
        with self.models.turn() as turn:
            if self.used_by(running) or running not in self.models.running():
                return None  # somebody began to, or stopped it just now
            try:
                return self._stop(running, turn)
            except RekscanError as error:
                log.warning("%s is not stopped yet: %s", running.model, error)
                return Left(running, error)

    def _stop(self, running: Running, turn: Turn) -> Left | None:
        client = client_of(self._aws(running.s3_url), running.region, running.rekognition_url)
        stopped = stop(client, running.model, turn.still)
        if stopped is None:
            return Left(running)
        self.ended(running, sent=stopped)
        self.models.forget(running.model)
        return None

    def ended(self, running: Running, *, sent: bool = True) -> None:
        """It runs no longer for the job that started it: what that took is written down and counted."""
        record_stop(JobFolder(running.home, running.job, self._aws(running.s3_url)), running.number, sent=sent)
        self._charge(running, 0)

    def _charge(self, running: Running, more_seconds: float) -> None:
        """Count its hours, and so many seconds to come, for the caps of its job and of the home's month."""
        now = datetime.now(UTC)
        units = Counter(running.before_ms)
        for month, ms in unit_ms(running.at, now + timedelta(seconds=more_seconds), running.units):
            units[month] += ms
        self._ledger.charge(running.job, running.cost(now, more_seconds), running.meter, units)


def client_of(aws: Aws, region: str, rekognition_url: str | None) -> Any:
    return clients.rekognition(replace(aws, region=region, rekognition_url=rekognition_url), read_timeout=20)


def stop(client: Any, model: str, still: Callable[[], None]) -> bool | None:
    """Whether its stop was sent: False where it did not run, None where it cannot be stopped yet. `still`: raises where
    it is not ours to stop any more.

    Raises RekscanError.
    """
    status = models.describe(client, model).status
    if status not in (models.RUNNING, models.STARTING):
        return False
    still()
    try:
        models.stop(client, model)
    except Refused as refused:
        if refused.why == _IN_USE:  # AWS stops none that is starting
            return None
        raise
    return True


def record_stop(folder: JobFolder, number: int, *, sent: bool) -> None:
    """In its folder, unless that is gone: a job that could not be put on the table leaves none."""
    if folder.read("job.json") is not None:
        write_stop(folder, number, sent=sent)
