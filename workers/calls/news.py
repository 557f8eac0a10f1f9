"""What a holder knows of a shard, and its folder does not yet."""

from collections.abc import Iterable

from jobs.attempts import Attempts
from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.outcomes import NOT_ASKED, OPEN, Outcome

_TELLS = {OPEN: 0, "failed": 1, "skipped": 1, NOT_ASKED: 1, "ok": 2}


def news(folder: JobFolder, shard: int, rows: Iterable[Outcome]) -> list[Outcome]:
    """Those of a shard's rows that tell more than its parts do."""
    has = {(row.item_id, row.api): row for row in rows_of(folder, folder.parts_of(shard))}
    return [row for row in rows if _tells_more(row, has.get((row.item_id, row.api)))]


def _tells_more(row: Outcome, known: Outcome | None) -> bool:
    if known is None or _TELLS[row.outcome] > _TELLS[known.outcome]:
        return True
    return Attempts.parse(row.marks) not in Attempts.parse(known.marks)
