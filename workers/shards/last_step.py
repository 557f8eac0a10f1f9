"""The last step of a job: the count is checked, tables and report are built, Redis forgets the job.

An unattended job so ends with its reports. The step runs under a lease, like a shard: if its worker dies, another
goes on.
"""

import logging
from dataclasses import replace

from jobs import costs
from jobs.folder import JobFolder
from jobs.known.sync import index_job
from jobs.ledger import LAST_STEP, Lease, Ledger, State
from jobs.media.fetch import fetcher, s3_client
from jobs.status import STATUS, done, keep, status
from reports.tables.build import build_tables
from reports.views.report import build_report
from workers import bell
from workers.models import ModelKeeper
from workers.shards.leftovers import bring_home
from workers.shards.stage_left import leave_stage

log = logging.getLogger(__name__)

_STOPPED_SHORT: dict[str, State] = {"incomplete": "incomplete", "cancelled": "cancelled"}


def end_job(ledger: Ledger, folder: JobFolder, lease: Lease) -> None:
    """End a job whose shards are all done, or one that stopped short (budget, cancelled)."""
    fields = ledger.fields(lease.job)
    if fields.get("state") not in _STOPPED_SHORT and ledger.on_table(lease.job) - {LAST_STEP}:
        ledger.release(lease)  # the job stopped short, and was resumed or paused since: its shards come first
        return
    state = _STOPPED_SHORT.get(fields.get("state", ""), "finished")
    reason = fields.get("reason", "")
    _stop_models(ledger, folder)
    bring_home(ledger, folder, lease, retry=int(fields.get("retry", 0)))
    tallies = costs.tally(folder)
    found = status(folder.spec, {**_counted(fields), **tallies.counters()}, state, reason=reason)
    if state == "finished" and not found.whole:
        # A promise is broken: say so rather than call the job finished.
        if ledger.may_end(lease):  # else Redis was wiped since, and it is what is known that misleads
            what = f"{found.calls['planned']} calls planned, {found.done} done"
            what += "".join(f"; {name}: {done(looks)} of {looks['planned']}" for name, looks in found.first.items())
            ledger.set_state(lease.job, "blocked", reason=what, do="Please report this as a bug.")
        ledger.release(lease)
        return
    if state == "finished" and folder.spec.cut:
        state, reason = "incomplete", "budget"  # all that was listed is done, but the source has more
        found = replace(found, state=state, reason=reason)
    partial = None if state == "finished" else f"{state}: {reason}" if reason else state
    build_tables(folder, costs=costs.table(folder.spec, tallies), partial=partial)
    _make_known(folder, final=state == "finished")
    if not ledger.may_end(lease):
        ledger.release(lease)
        return
    leave_stage(folder, lambda: ledger.may_end(lease))
    keep(folder, found)
    _show(folder)
    if ledger.close(lease.job, state, tallies.counters(), reason=reason, under=lease):
        bell.forget(ledger.redis, lease.job)
    elif ledger.release(lease):  # somebody went on with it just now
        folder.delete(STATUS)


def _stop_models(ledger: Ledger, folder: JobFolder) -> None:
    """Before the hours are counted. One that cannot be stopped yet is left to the keepers of the workers."""
    if any(choice.api.runs for choice in folder.spec.apis):
        ModelKeeper(ledger, lambda s3_url: folder.aws).round(folder.job)


def _make_known(folder: JobFolder, *, final: bool) -> None:
    """Later jobs need not ask again. The index can be made later, so trouble with it is no reason not to end."""
    try:
        index_job(folder, final=final)
    except Exception:
        log.exception("the index of %s was not brought up to date; the next job does it", folder.home)


def _show(folder: JobFolder) -> None:
    """The page. `rekscan report` makes it again at any time, so trouble with a picture is no reason not to end."""
    try:
        s3 = (lambda: s3_client(folder.spec, folder.aws)) if folder.spec.shows_films else None
        build_report(folder, fetch=fetcher(folder.spec, folder.aws), s3=s3)
    except Exception:
        log.exception("the report of %s was not made; `rekscan report %s` tries again", folder.job, folder.job)


def _counted(fields: dict[str, str]) -> dict[str, int]:
    """Counters that only the ledger keeps."""
    return {name: int(value) for name, value in fields.items() if name.startswith("throttled:")}
