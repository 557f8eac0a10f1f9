"""Models of a scan: looked at before anything is listed, started before its first call, and stopped when it ends.

Rule: what was started is written into the job's folder and into Redis before the start is sent; what ran before is left
running.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from redis.exceptions import RedisError

from jobs.apis import Choice
from jobs.aws import models
from jobs.aws.control import Refused
from jobs.aws.models import Model
from jobs.costs.cap import NANO, hour_nanousd
from jobs.costs.counting import tally
from jobs.costs.reckoning import HOUR_MS, reckon
from jobs.errors import RekscanError
from jobs.files import home_path
from jobs.folder import JobFolder, JobSpec
from jobs.folder.models import ModelStart, model_runs, open_runs, write_start
from jobs.folder.whose import AWS, whose
from jobs.ledger import Ledger
from jobs.ledger.models import Models, Running, Turn, TurnLost
from jobs.uris import model_name
from jobs.words import dollars, duration
from rekscan.console.output import say, talk
from rekscan.ending import in_order
from rekscan.scans.models_left import ModelLeft, an_hour, models_left
from rekscan.scans.month_cap import months_cap
from rekscan.scans.open import starting
from rekscan.scans.terms import Terms
from rekscan.settings import Settings
from workers import bell
from workers.models import ENDING_SECONDS, ModelKeeper, client_of, record_stop, stop
from workers.reconcile import reconcile

_LOOK = 1.0  # seconds between two looks at one that starts; AWS allows five a second
_GLANCE = 0.2
_LAST_CALLS = 40.0  # seconds for the last calls of a job that ends


def check_models(terms: Terms) -> Terms:
    """The terms, with as many units as a model runs with already. Raises RekscanError for one that cannot run."""
    if terms.local and terms.settings.rekognition_url is None:
        return terms  # its emulator is still to be started
    return replace(terms, choices=tuple(_checked(choice, terms) for choice in terms.choices))


def _checked(choice: Choice, terms: Terms) -> Choice:
    if choice.api.runs is None:
        return choice
    client = client_of(terms.settings.aws, terms.region, terms.settings.rekognition_url)
    found = models.describe(client, choice.params[choice.api.runs.model])
    found.check()
    if not found.up or not found.units:
        return choice
    return replace(choice, params={**choice.params, choice.api.runs.units: found.units})


def make_models_run(
    ledger: Ledger, folder: JobFolder, settings: Settings, rekognition_url: str | None, max_cost: Decimal | None = None
) -> None:
    """Start what the job asks and wait until it runs. Raises RekscanError where it does not, or where a cap does not
    pay for that. `max_cost` replaces that of job.json."""
    spec = folder.spec
    asked = _asked(spec)
    if not asked:
        return
    left = _left(folder, settings, spec.options.max_cost if max_cost is None else max_cost)
    started = _Starting(_keeper(ledger, settings), folder, settings, rekognition_url or spec.rekognition_url, left)
    started.models.want(folder.job, asked)
    for model, choice in asked.items():
        started.run(model, choice)


def _asked(spec: JobSpec) -> dict[str, Choice]:
    """The models of a job, each with what asks it."""
    return {choice.params[choice.api.runs.model]: choice for choice in spec.apis if choice.api.runs}


class _Starting:
    """`left`: dollars of the caps, with the cap that leaves so few; None where there is none."""

    def __init__(
        self,
        keeper: ModelKeeper,
        folder: JobFolder,
        settings: Settings,
        rekognition_url: str | None,
        left: tuple[Decimal, str] | None = None,
    ) -> None:
        self.models = keeper.models
        self._keeper = keeper
        self._folder = folder
        self._client = client_of(settings.aws, folder.spec.region, rekognition_url)
        self._url = rekognition_url
        self._left = left

    def run(self, model: str, choice: Choice) -> None:
        status, told = "", time.monotonic()
        with talk.status(f"starting the model {model_name(model)}") as shown:
            while status != models.RUNNING:
                try:
                    with self.models.turn() as turn:
                        found = self._step(model, choice, turn, first=not status)
                except TurnLost:
                    continue
                if found.status == "FAILED" and status:
                    why = f": {found.message}" if found.message else ""
                    what = f"the model {model_name(model)} could not be started{why}"
                    raise RekscanError(what, "Look at it in the console of Custom Labels.")
                status = found.status
                if (ours := self._ours(model)) is not None:
                    self._refuse_beyond_caps(choice, time.monotonic() - told, ours.units)
                shown.update(f"the model {model_name(model)} is {status}, for {duration(time.monotonic() - told)}")
                if status != models.RUNNING:
                    time.sleep(_LOOK)

    def _step(self, model: str, choice: Choice, turn: Turn, *, first: bool) -> Model:
        """Look, and start it where it is down. As it was found; one that was just started is STARTING."""
        found = models.describe(self._client, model)
        found.check()
        ours = self._ours(model)
        if first and found.up and ours is None:
            if (running := self._left_for_us(model)) is not None:
                self._take_over(running, choice)
            else:
                say(self._said_of_one_that_runs(model))
        elif found.status in models.STARTABLE and (first or found.status == "STOPPED"):
            if ours is not None:  # somebody else stopped it
                record_stop(self._folder, ours.number, sent=False)
            return self._start(model, choice, turn)
        elif first and ours is not None:
            self._remember(ours, choice)
        return found

    def _left_for_us(self, model: str) -> Running | None:
        """Where a job that is over has started it, and nobody but this one works with it."""
        running = next((running for running in self.models.running() if running.model == model), None)
        return running if running and set(self.models.users(model)) == {self._folder.job} else None

    def _take_over(self, running: Running, choice: Choice) -> None:
        """From now on its hours are this job's, which stops it."""
        self._refuse_beyond_caps(choice, 0, running.units)
        self._remember(write_start(self._folder, choice.api.name, running.model, running.units), choice)
        self._keeper.ended(running)
        say(f"The model {model_name(running.model)} runs on from job {running.job}; it is stopped when this job ends.")

    def _said_of_one_that_runs(self, model: str) -> str:
        of = next((running.job for running in self.models.running() if running.model == model), None)
        if of is None:
            return f"The model {model_name(model)} runs already: it is left running, its hours are not this scan's."
        return f"The model {model_name(model)} was started by job {of}, and is stopped when no job works with it."

    def _refuse_beyond_caps(self, choice: Choice, seconds: float, units: int) -> None:
        """Raises RekscanError where so long, and what its stop needs, is not paid for."""
        each = hour_nanousd(self._folder.spec, choice)
        if self._left is None or each is None:
            return
        usd, cap = self._left
        if each * units * NANO * Decimal(seconds + ENDING_SECONDS) / 3600 > usd:
            hour = dollars(each * units * NANO)
            what = f"{cap} leaves {dollars(usd)}, and the model that {choice.api.name} asks costs {hour} an hour"
            raise RekscanError(what, "Raise the cap, or ask with fewer units.")

    def _start(self, model: str, choice: Choice, turn: Turn) -> Model:
        self._refuse_beyond_caps(choice, 0, choice.units)
        start = write_start(self._folder, choice.api.name, model, choice.units)
        running = self._remember(start, choice)
        try:
            turn.still()
            models.start(self._client, model, choice.units)
        except TurnLost:
            record_stop(self._folder, start.number, sent=False)
            if running in self.models.running():
                self.models.forget(model)
            raise
        except Refused:
            if not models.describe(self._client, model).up:
                record_stop(self._folder, start.number, sent=False)
                self.models.forget(model)
            raise
        say(f"Started the model {model_name(model)}{an_hour(running.hour_nanousd)}; it is stopped when the job ends.")
        return Model(model, models.STARTING, choice.units)

    def _ours(self, model: str) -> ModelStart | None:
        """The start of it that this job has on record."""
        return next((start for start in open_runs(self._folder) if start.model == model), None)

    def _remember(self, start: ModelStart, choice: Choice) -> Running:
        running = running_of(self._folder, start, self._url)
        self.models.put(running)
        return running


def _left(folder: JobFolder, settings: Settings, max_cost: Decimal | None) -> tuple[Decimal, str] | None:
    """What the caps leave in dollars, and which leaves that."""
    found = []
    if max_cost is not None:
        spent = reckon(folder.spec, tally(folder))
        found.append((max_cost - (spent.actual_usd or 0) - (spent.maybe_usd or 0), "--max-cost"))
    if whose(folder.spec) == AWS and (month := months_cap(settings)) is not None:
        found.append((month.left, f"the home's cap for {month.month}"))
    return min(found, default=None)


def running_of(folder: JobFolder, start: ModelStart, rekognition_url: str | None) -> Running:
    """As Redis remembers it."""
    spec = folder.spec
    choice = next(choice for choice in spec.apis if choice.api.name == start.api)
    each = hour_nanousd(spec, choice)
    hour = None if each is None else each * start.units
    before: Counter[str] = Counter()
    for run in model_runs(folder):
        if run.start.number != start.number:
            before.update(dict(run.unit_ms(datetime.now(UTC))))
    paid = round((each or 0) * before.total() / HOUR_MS)
    runs = choice.api.runs
    return Running(
        start.model, folder.job, home_path(folder.home), spec.s3_url, spec.region, rekognition_url, start.number,
        start.at, paid, hour, start.units, runs.meter if runs else "", before,
    )  # fmt: skip


def stop_left(settings: Settings, folder: JobFolder, left: ModelLeft, ledger: Ledger | None) -> None:
    """Stop what a job that is not running has left. Raises RekscanError where it cannot be, or another job works with
    it: then it is stopped with that."""
    if ledger is None:
        _stop_left(settings, folder, left.start, lambda: None)
        return
    known, model = Models(ledger), left.start.model
    with known.turn() as turn:
        if users := known.users(model):
            known.put(running_of(folder, left.start, settings.rekognition_url or folder.spec.rekognition_url))
            what = f"job {users[0]} works with the model {model_name(model)}, which is stopped when that ends"
            raise RekscanError(what, f"`rekscan cancel {users[0]}` ends it.")
        _stop_left(settings, folder, left.start, turn.still)
        known.forget(model)


def _stop_left(settings: Settings, folder: JobFolder, start: ModelStart, still: Callable[[], None]) -> None:
    spec = folder.spec
    client = client_of(settings.aws, spec.region, settings.rekognition_url or spec.rekognition_url)
    sent = stop(client, start.model, still)
    if sent is None:
        what = f"the model {model_name(start.model)} is starting, and AWS stops none that is"
        raise RekscanError(what, "Try again in some minutes.")
    record_stop(folder, start.number, sent=sent)


@contextmanager
def models_kept(ledger: Ledger, folder: JobFolder, settings: Settings, job: str) -> Iterator[None]:
    """What a job has started runs on for another, which is to be made in this block; at its end nothing does."""
    asked = _asked(folder.spec)
    if not asked:
        yield
        return
    with models_stopped(ledger, folder, settings), starting(ledger, job):
        Models(ledger).want(job, asked)
        yield


@contextmanager
def models_stopped(ledger: Ledger, folder: JobFolder, settings: Settings) -> Iterator[None]:
    """At the end of the block, however it ends, nothing runs that the job has started and no job works with."""
    try:
        yield
    finally:
        if any(choice.api.runs for choice in folder.spec.apis):
            with in_order():
                try:
                    _settle(ledger, settings)
                except (RedisError, OSError):
                    _settle_without_redis(folder, settings)


def _keeper(ledger: Ledger, settings: Settings) -> ModelKeeper:
    return ModelKeeper(ledger, lambda s3_url: replace(settings.aws, s3_url=s3_url or settings.aws.s3_url))


def _settle(ledger: Ledger, settings: Settings) -> None:
    """Wait for the last calls, and for a model that is starting, which AWS may not stop. Ctrl-C ends the waiting."""
    keeper = _keeper(ledger, settings)
    until, told = time.monotonic() + _LAST_CALLS, False
    while True:
        left = keeper.round()
        late = time.monotonic() > until
        ending = [running for running in keeper.models.running() if _ends(ledger, keeper.used_by(running))]
        starting = [one.running.model for one in left if one.trouble is None]
        if not starting and (late or not (left or ending)):
            break
        if starting and not told:
            told = True
            say(f"waiting to stop the model {model_name(starting[0])}: AWS stops none that is starting")
        reconcile(ledger, bell.ring)
        time.sleep(_GLANCE)
    for one in left:
        _say_it_runs_on(one.running.model, one.trouble)


def _settle_without_redis(folder: JobFolder, settings: Settings) -> None:
    """What this machine's Redis knew is gone with it; a cluster's job goes on once its Redis is back."""
    if settings.redis_url is not None:
        return
    for left in models_left([folder], None):
        try:
            stop_left(settings, folder, left, None)
        except RekscanError as error:
            _say_it_runs_on(left.start.model, error)


def _say_it_runs_on(model: str, why: RekscanError | None) -> None:
    what = f"THE MODEL {model_name(model)} STILL RUNS, AND COSTS"
    how = f"`aws rekognition stop-project-version --project-version-arn {model}` stops it"
    say((f"{what} ({why.what if why else 'it is starting'}): {how}.", "bold red"))


def _ends(ledger: Ledger, jobs: list[str]) -> bool:
    """Whether only jobs work with it that make no new calls, or none any more since the last round."""
    return all(ledger.state(job) != "running" and not ledger.is_starting(job) for job in jobs)
