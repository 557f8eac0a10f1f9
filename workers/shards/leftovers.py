"""What a holder knows and the folder does not.

Rule: nothing in Redis that the folder does not own is deleted before it is there.
"""

from collections.abc import Iterable, Iterator

from jobs.attempts import NONE, Attempts
from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.ledger import Lease, Ledger
from jobs.outcomes import OPEN, Outcome, open_row
from workers.calls.rows import with_all_attempts
from workers.journal.packing import decode

_TELLS = {OPEN: 0, "failed": 1, "skipped": 1, "ok": 2}


def news(folder: JobFolder, shard: int, rows: Iterable[Outcome]) -> list[Outcome]:
    """Those of a shard's rows that tell more than its parts do."""
    has = {(row.item_id, row.api): row for row in rows_of(folder, folder.parts_of(shard))}
    return [row for row in rows if _tells_more(row, has.get((row.item_id, row.api)))]


def bring_home(ledger: Ledger, folder: JobFolder, lease: Lease, *, retry: int) -> None:
    """Write what the journals of a job that stopped short know into its folder, under the last step's `lease`."""
    for shard in ledger.journals(lease.job):
        if shard != lease.shard:
            found = news(folder, shard, _journalled(ledger, lease, shard))
            if found:
                folder.commit(shard, found, holder=lease.fence, retry=retry)


def _tells_more(row: Outcome, known: Outcome | None) -> bool:
    if known is None or _TELLS[row.outcome] > _TELLS[known.outcome]:
        return True
    return Attempts.parse(row.marks) not in Attempts.parse(known.marks)


def _journalled(ledger: Ledger, lease: Lease, shard: int) -> Iterator[Outcome]:
    """What the journal of a shard that nobody holds knows of its calls."""
    intents, answers = ledger.adopt(lease, shard)
    for call in dict.fromkeys([*answers, *intents]):
        attempts = intents.get(call, {})
        rows = with_all_attempts(decode(answers[call]), attempts) if call in answers else []
        yield from rows
        item, _, request = call.partition(":")
        without = set(request.split("+")) - {row.api for row in rows}
        yield from (open_row(int(item), api, attempts[api]) for api in sorted(without) if attempts.get(api, NONE))
