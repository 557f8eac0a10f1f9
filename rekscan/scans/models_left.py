"""Models that jobs of a home have started and nobody has stopped, as far as their folders tell: what they cost, and how
they are stopped."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from jobs.costs.cap import NANO, hour_nanousd
from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.folder.models import ModelStart, open_runs
from jobs.uris import model_name
from jobs.words import dollars
from rekscan.console.output import say
from rekscan.settings import Settings

if TYPE_CHECKING:
    from jobs.ledger import Ledger


@dataclass(frozen=True, slots=True)
class ModelLeft:
    """`hour_usd`: None where no price is known."""

    job: str
    start: ModelStart
    hour_usd: Decimal | None

    @property
    def text(self) -> str:
        since = self.start.at.astimezone()
        when = f"{since:%H:%M}" if since.date() == datetime.now(UTC).astimezone().date() else f"{since:%Y-%m-%d %H:%M}"
        cost = f", {dollars(self.hour_usd)} an hour" if self.hour_usd is not None else ""
        return (
            f"The model {model_name(self.start.model)} of job {self.job} is still running since {when}{cost}:"
            f" `rekscan cancel {self.job}` stops it, and so does the end of `rekscan resume {self.job}`."
        )


def models_left(folders: Iterable[JobFolder], ledger: "Ledger | None") -> list[ModelLeft]:
    """Of jobs that no Redis knows to run."""
    found: list[ModelLeft] = []
    for folder in folders:
        with suppress(RekscanError):  # a job of a newer format
            for start in open_runs(folder):
                if ledger is None or not (ledger.is_live(folder.job) or ledger.is_starting(folder.job)):
                    found.append(ModelLeft(folder.job, start, _hour(folder, start)))
    return found


def of_home(settings: Settings, ledger: "Ledger | None") -> list[ModelLeft]:
    """The same of all jobs of a home."""
    return models_left(_folders(settings), ledger)


def warn_of_models(settings: Settings, ledger: "Ledger | None") -> None:
    """Said by commands that begin something, of a home on this machine: on S3 it takes a request a job."""
    if not settings.home.startswith("s3://"):
        for left in models_left((folder for folder in _folders(settings) if folder.names("models")), ledger):
            say((left.text, "yellow"))


def an_hour(nanousd: int | None) -> str:
    """`, $4.00 an hour from now on`; empty where no price is known."""
    return "" if nanousd is None else f", {dollars(nanousd * NANO)} an hour from now on"


def _folders(settings: Settings) -> Iterator[JobFolder]:
    for name in list_jobs(settings.home, settings.aws):
        yield JobFolder(settings.home, name, settings.aws)


def _hour(folder: JobFolder, start: ModelStart) -> Decimal | None:
    spec = folder.spec
    each = next((hour_nanousd(spec, choice) for choice in spec.apis if choice.api.name == start.api), None)
    return None if each is None else each * start.units * NANO
