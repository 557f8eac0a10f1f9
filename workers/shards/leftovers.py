"""What a holder knows and the folder does not.

Rule: nothing in Redis that the folder does not own is deleted before it is there.
"""

from collections.abc import Iterator

from jobs.attempts import NONE
from jobs.folder import JobFolder
from jobs.folder.films import films_of
from jobs.ledger import FIRST_OF_FILMS, Lease, Ledger, Starts
from jobs.outcomes import Outcome, open_row
from workers.calls.news import news
from workers.calls.rows import with_all_attempts
from workers.journal.packing import decode
from workers.videos.rows import started_rows


def bring_home(ledger: Ledger, folder: JobFolder, lease: Lease, *, retry: int) -> None:
    """Write what the journals of a job that stopped short know into its folder, under the last step's `lease`."""
    for shard in ledger.journals(lease.job):
        if shard != lease.shard:
            known = _of_films if shard >= FIRST_OF_FILMS else _journalled
            found = news(folder, shard, known(ledger, folder, lease, shard))
            if found:
                folder.commit(shard, found, holder=lease.fence, retry=retry)


def _of_films(ledger: Ledger, folder: JobFolder, lease: Lease, shard: int) -> list[Outcome]:
    """The same of a shard of films: starts that AWS may still work on among them."""
    starts, answers = Starts(ledger.redis).adopt(lease, shard)
    rows = [row for answer in answers.values() for row in decode(answer)]
    return rows + started_rows(films_of(folder, shard), {c: start for c, start in starts.items() if c not in answers})


def _journalled(ledger: Ledger, folder: JobFolder, lease: Lease, shard: int) -> Iterator[Outcome]:
    """What the journal of a shard that nobody holds knows of its calls."""
    intents, answers = ledger.adopt(lease, shard)
    for call in dict.fromkeys([*answers, *intents]):
        attempts = intents.get(call, {})
        rows = with_all_attempts(decode(answers[call]), attempts) if call in answers else []
        yield from rows
        item, _, request = call.partition(":")
        without = set(request.split("+")) - {row.api for row in rows}
        yield from (open_row(int(item), api, attempts[api]) for api in sorted(without) if attempts.get(api, NONE))
