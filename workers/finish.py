"""The last step of a job: the count is checked, the tables are built, Redis forgets the job.

An unattended job so ends with its reports. The step runs under a lease like a shard: if its worker dies, another does it.
"""

import logging

import orjson

from jobs import costs
from jobs.folder import JobFolder
from jobs.ledger import Lease, Ledger
from jobs.progress import status_document
from reports.tables import build_tables

log = logging.getLogger(__name__)

STOPPED_SHORT = ("incomplete", "cancelled")


def finish(ledger: Ledger, folder: JobFolder, lease: Lease) -> None:
    """End a job whose shards are all done, or one that stopped short (budget, cancelled)."""
    fields = ledger.fields(lease.job)
    state, reason = fields.get("state", "running"), fields.get("reason", "")
    tally = costs.tally(folder)
    state = state if state in STOPPED_SHORT else "finished"
    document = status_document(folder.spec, state, reason, tally)
    calls = document["calls"]
    done = calls["ok"] + calls["skipped"] + calls["failed"]
    if state == "finished" and calls["planned"] != done:
        # A promise is broken: say so rather than call the job finished.
        ledger.set_state(lease.job, "blocked", reason=f"{calls['planned']} calls planned, {done} done", do="Report a bug.")
        ledger.release(lease)
        return
    partial = None if state == "finished" else f"{state} ({reason})" if reason else state
    build_tables(folder, costs=costs.table(folder.spec, tally), partial=partial)
    folder.write("reports/status.json", orjson.dumps(document, option=orjson.OPT_INDENT_2))
    ledger.close(lease.job, state, reason=reason)
