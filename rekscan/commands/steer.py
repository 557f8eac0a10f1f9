"""Commands that steer a job: watch, pause, resume, cancel, retry. `last` is the newest of the home."""

from decimal import Decimal
from functools import partial
from typing import Annotated, Literal

from cyclopts import Parameter

from jobs.costs.cap import job_schedule, nanousd
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder
from jobs.folder.retries import plan_retry
from jobs.ledger import Ledger
from jobs.status import Status, status_of
from jobs.uris import model_name
from jobs.words import dollars, many
from rekscan.commands.job import JobArg, JsonFlag, show
from rekscan.console.output import print_json, say
from rekscan.console.summary import print_summary
from rekscan.flags import BESIDE, cap
from rekscan.scans.beside import AskingScan, rivals_here
from rekscan.scans.elsewhere import same_service
from rekscan.scans.engine import find, ledger, ledger_for_a_job, local_scan_is_gone
from rekscan.scans.follow import ENDED, Gone, exit_code, follow
from rekscan.scans.models import stop_left
from rekscan.scans.models_left import models_left
from rekscan.scans.open_films import open_films, sentence
from rekscan.scans.run import run_here
from rekscan.settings import Connection, Settings, resolve
from workers import bell
from workers.reconcile import reconcile

BesideFlag = Annotated[bool, Parameter(name="--beside", help=BESIDE, negative=())]
AccountFlag = Annotated[bool, Parameter(help="Go on although another AWS account pays for the rest.", negative=())]
CostFlag = Annotated[Decimal | None, Parameter(help="Dollars this job may cost from now on, what it cost included.")]


def watch(job: JobArg = "last", *, connection: Connection | None = None, json: JsonFlag = False) -> int:
    """Follow a job that runs elsewhere until it ends.

    Example: `rekscan watch last`
    """
    settings = resolve(connection)
    folder = find(settings, job)
    records = ledger(settings)
    found = status_of(folder, records)
    if records is not None and found.state not in ENDED:
        try:
            found = follow(records, folder, gone=lambda: local_scan_is_gone(settings), quiet=json)
        except Gone:
            found = status_of(folder, None)
        except KeyboardInterrupt:
            say(f"The job goes on. `rekscan watch {folder.job}` follows it again.")
            return 130
    if json:
        print_json(found.to_json())
    else:
        print_summary(folder, found)
    return exit_code(found)


def resume(
    job: JobArg = "last",
    *,
    connection: Connection | None = None,
    max_cost: CostFlag = None,
    beside: BesideFlag = False,
    other_account: AccountFlag = False,
    json: JsonFlag = False,
) -> int:
    """Go on with a job that was interrupted, paused, blocked, cancelled or out of budget. Nothing done is redone.

    With --max-cost on a job that runs, only its cap changes. An endpoint or AWS account other than the job's is
    refused, unless it is told by flag.

    Example: `rekscan resume last`
    """
    settings, max_cost = resolve(connection), cap(max_cost)
    folder = find(settings, job)
    records = ledger_for_a_job(settings)
    told = records.told(folder.job) if records else None
    found = status_of(folder, records)
    if found.state == "finished":
        say(f"job {folder.job} is finished already")
        print_json(found.to_json()) if json else print_summary(folder, found)
        return exit_code(found)
    if records is not None and found.state == "running" and max_cost is not None:
        job_schedule(folder.spec)  # raises when a price is unknown: such a cap would hold nothing
        records.set_cap(folder.job, nanousd(max_cost))
        say(f"job {folder.job} may now cost {dollars(max_cost)}")
        show(status_of(folder, records), as_json=json)
        return 0
    if settings.redis_url is None and records is not None and found.state == "running":
        raise RekscanError(f"job {folder.job} is running", f"`rekscan watch {folder.job}` follows it.")
    if found.state != "running":
        same_service(folder.spec, settings, connection, other_account=other_account)
        _look_beside(settings, folder, beside=beside)
    return run_here(folder, settings, json=json, max_cost=max_cost, beside=beside, told=told)


def cancel(job: JobArg, *, connection: Connection | None = None, json: JsonFlag = False) -> int:
    """Stop a job within seconds, and a model it has left running. What it has found stays, as partial tables; `resume`
    can go on.

    Example: `rekscan cancel last`
    """
    settings = resolve(connection)
    folder = find(settings, job)
    if _stopped_models(settings, folder):
        show(status_of(folder, ledger(settings)), as_json=json)
        return 0
    records = _order(settings, folder, "cancelled")
    if said := _going_on(records, folder):
        say((said, "yellow"))
    reconcile(records, bell.ring)
    show(status_of(folder, records), as_json=json)
    return 0


def pause(job: JobArg, *, connection: Connection | None = None, json: JsonFlag = False) -> int:
    """Send nothing more of a job, within seconds. `resume` goes on.

    Example: `rekscan pause last`
    """
    settings = resolve(connection)
    folder = find(settings, job)
    records = _order(settings, folder, "paused", do=f"`rekscan resume {folder.job}` goes on.")
    show(status_of(folder, records), as_json=json)
    return 0


def retry(
    job: JobArg = "last",
    *,
    connection: Connection | None = None,
    code: Annotated[str | None, Parameter(help="Only calls that failed with this code of AWS's.")] = None,
    api: Annotated[str | None, Parameter(help="Only calls of this API.")] = None,
    max_cost: CostFlag = None,
    beside: BesideFlag = False,
    other_account: AccountFlag = False,
    json: JsonFlag = False,
) -> int:
    """Ask the failed calls of a finished job again, and only those.

    Example: `rekscan retry last --code InternalServerError`
    """
    settings, max_cost = resolve(connection), cap(max_cost)
    folder = find(settings, job)
    records = ledger_for_a_job(settings)
    told = records.told(folder.job) if records else None
    found = status_of(folder, records)
    if found.state != "finished":
        first = "watch" if found.state == "running" else "resume"
        raise RekscanError(f"job {folder.job} is {found.state}", f"`rekscan {first} {folder.job}` comes first.")
    names = [choice.api.name for choice in folder.spec.choices]
    if api is not None and api not in names:
        raise UsageError(f"--api {api}: no API of this job", f"It has: {', '.join(names)}.")
    _refuse_spent(folder, found, max_cost)
    same_service(folder.spec, settings, connection, other_account=other_account)
    _look_beside(settings, folder, beside=beside)
    planned = plan_retry(folder, code=code, api=api)
    say(f"asking {many(sum(planned.calls(set(planned.shards())).values()), 'failed call')} again")
    return run_here(folder, settings, json=json, max_cost=max_cost, beside=beside, told=told)


def _refuse_spent(folder: JobFolder, found: Status, max_cost: Decimal | None) -> None:
    """Raises RekscanError where the cap has nothing left for what failed: the finished job would end as incomplete, and
    nothing be asked. An answer of a film whose file is lost is read again for nothing."""
    most = folder.spec.options.max_cost if max_cost is None else max_cost
    spent = sum((Decimal(found.usd.get(what) or 0) for what in ("actual", "maybe")), Decimal(0))
    if most is not None and spent >= most and found.calls["failed"]:
        raise RekscanError(
            f"job {folder.job} has cost {dollars(spent)}, and may cost {dollars(most)}",
            "Say with --max-cost what it may cost; what a `resume` was told held for that alone.",
        )


def _stopped_models(settings: Settings, folder: JobFolder) -> bool:
    """Stop what a job that does not run has left running. Whether there was any."""
    records = ledger(settings)
    found = models_left([folder], records)
    for left in found:
        stop_left(settings, folder, left, records)
        say(f"stopped the model {model_name(left.start.model)}")
    return bool(found)


def _going_on(records: Ledger, folder: JobFolder) -> str:
    """Of jobs on films, which nobody can stop at AWS; empty where there is none."""
    found = open_films(folder, records)
    if not found:
        return ""
    free = f"`rekscan resume {folder.job}` reads them for nothing until then."
    return f"{sentence(found)} Nobody can stop them, and those that succeed are billed: {free}"


def _look_beside(settings: Settings, folder: JobFolder, *, beside: bool) -> None:
    """Raises RekscanError when a running job of the home may ask the same; says so instead, to go `beside` it."""
    for rival in rivals_here(settings, partial(AskingScan.of, folder), but=[folder.job]):
        if not beside:
            raise rival.refusal
        say((rival.note, "yellow"))


def _order(settings: Settings, folder: JobFolder, state: Literal["paused", "cancelled"], *, do: str = "") -> Ledger:
    """Tell a job that runs, or is starting, to stop."""
    records, job = ledger(settings), folder.job
    if records is None or not (records.is_live(job) or records.is_starting(job)):
        raise RekscanError(f"job {job} is not running", f"`rekscan status {job}` says how it stands.")
    if not records.order(job, state, do=do):
        say(f"job {job} is still starting, and will not begin; `rekscan resume {job}` goes on")
    return records
