"""Running a job that exists: start what it needs, put it on the table, follow it, print what came of it."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial

from redis.exceptions import RedisError

from jobs import costs
from jobs.aws import clients
from jobs.aws.face_collections import make_ready
from jobs.costs.cap import NANO
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from jobs.ledger import Ledger
from jobs.status import STATUS, Status, keep
from jobs.status import status as status_from
from rekscan.console.output import print_json, say, talk
from rekscan.console.plan import show_plan
from rekscan.console.summary import print_summary
from rekscan.scans.beside import turn
from rekscan.scans.engine import Engine
from rekscan.scans.extend import extend
from rekscan.scans.follow import exit_code, follow
from rekscan.scans.models import make_models_run, models_stopped
from rekscan.scans.open import none_left, open_job, starting
from rekscan.settings import Settings
from workers import bell
from workers.reconcile import reconcile

_LEFT = ("paused", "blocked")  # without a last step, which would write the status


def run_here(
    folder: JobFolder,
    settings: Settings,
    *,
    json: bool,
    max_cost: Decimal | None = None,
    new: bool = False,
    beside: bool = False,
    told: str | None = None,
) -> int:
    """Run and follow a job; its exit code. A `new` one that cannot even start leaves no folder.

    `beside`: whatever other jobs of its home run. `told`: its newest order when this was begun, if it is known: a
    later one, to pause or to cancel, is obeyed.
    """
    spec = folder.spec
    with none_left(folder, new=new):
        engine = Engine(settings, local=spec.options.local)
    with engine, ExitStack() as last:
        say("job ", (spec.job, "bold"), f" in {folder.where}")
        try:
            with none_left(folder, new=new):
                ledger = engine.reach()
                last.enter_context(models_stopped(ledger, folder, settings))
                told = ledger.told(spec.job) if told is None else told
                with starting(ledger, spec.job):
                    engine.start(spec)
                    make_job_ready(folder, settings, engine.rekognition_url)
                    make_models_run(ledger, folder, settings, engine.rekognition_url, max_cost)
                    if spec.job not in ledger.live():
                        _list_on(folder, settings, max_cost, quiet=json)
                    put = _put(engine, ledger, folder, max_cost, beside=beside, told=told)
            status = follow(ledger, folder, tend=engine.tend, reopen=put, quiet=json)
            while _ready_for_more(status):
                cap = _held_to(ledger, spec.job)
                with starting(ledger, spec.job):
                    try:
                        if not _list_on(folder, settings, cap, quiet=json):
                            break
                    except RekscanError as error:
                        say(f"{error.what}. {error.do}")
                        break
                    put = _put(engine, ledger, folder, cap, beside=beside, told=told)
                status = follow(ledger, folder, tend=engine.tend, reopen=put, quiet=json)
        except KeyboardInterrupt:
            engine.let_go(spec.job)
            say()
            if engine.supervisor is None:
                say(f"The job goes on without you. `rekscan watch {spec.job}` follows it again.")
            else:
                say(f"Interrupted. Nothing is lost: `rekscan resume {spec.job}` goes on where it stopped.")
            return 130
    if engine.supervisor is not None and status.state in _LEFT:
        status = _kept(folder, status)
    if json:
        print_json(status.to_json())
    else:
        print_summary(folder, status)
    return exit_code(status)


def _kept(folder: JobFolder, last: Status) -> Status:
    """Redis ends with the scan: why the job stopped is kept in its folder, with what was answered until the end."""
    try:
        found = status_from(folder.spec, costs.counters(folder), last.state, reason=last.reason, do=last.do)
        found = replace(found, throttled=last.throttled)
        keep(folder, found)
    except (OSError, RekscanError):  # the folder may be what it stopped for
        return last
    return found


def make_job_ready(folder: JobFolder, settings: Settings, rekognition_url: str | None = None) -> None:
    """What must be there before the first paid call (a face collection). Raises RekscanError when it is not."""
    spec = folder.spec
    if any(choice.api.prepare(choice.params) for choice in spec.choices):
        endpoint = rekognition_url or spec.rekognition_url
        aws = replace(settings.aws, region=spec.region, rekognition_url=endpoint)
        make_ready(clients.rekognition(aws), spec.choices)


def hand_over(ledger: Ledger, folder: JobFolder, settings: Settings, *, beside: bool = False) -> None:
    """Put a new job on the table of a cluster; its workers go on from there."""
    with models_stopped(ledger, folder, settings), none_left(folder), starting(ledger, folder.job):
        make_job_ready(folder, settings)
        make_models_run(ledger, folder, settings, None)
        open_job(ledger, folder, turn=None if beside else turn(ledger, settings, folder), told="")
    with suppress(RedisError):  # the workers' own rounds come anyway
        reconcile(ledger, bell.ring)


def _put(
    engine: Engine, ledger: Ledger, folder: JobFolder, cap: Decimal | None, *, beside: bool, told: str
) -> Callable[[], None]:
    """Put the job on the table, unless it was told to stop meanwhile; what does so again, should Redis forget it."""
    folder.delete(STATUS)  # of an earlier end
    put = partial(open_job, ledger, folder, rekognition_url=engine.rekognition_url, max_cost=cap)
    on_it = ledger.fields(folder.job).get("state") == "running" and ledger.is_live(folder.job)
    put(turn=None if beside or on_it else turn(ledger, engine.settings, folder), told=told)
    return put


def _ready_for_more(status: Status) -> bool:
    """Whether a cut job did all that was listed: where that cost less than the cap, its listing goes on."""
    return (status.state, status.reason) == ("incomplete", "budget") and status.done == status.calls["planned"]


def _held_to(ledger: Ledger, job: str) -> Decimal | None:
    """The cap the job ran under, which may have been changed meanwhile."""
    cap = ledger.fields(job).get("cap")
    return int(cap) * NANO if cap else None


def _list_on(folder: JobFolder, settings: Settings, cap: Decimal | None, *, quiet: bool) -> bool:
    """Go on with a listing that a cap had cut, as far as this one reaches. It is approved by its cap."""
    if not folder.spec.cut:
        return False
    cap = cap if cap is not None else folder.spec.options.max_cost
    plan = extend(folder, settings, cap) if cap is not None else None
    if plan is None:
        return False
    if not quiet:
        say("The listing went on:")
        show_plan(plan, talk, brief=True)
    return True
