"""What a job that ends has left in its stage: films that were uploaded and never asked about, or not deleted in time.

Rule: AWS reads a film while its job runs there, so what it may still work on stays, for the `resume` that reads it.
"""

import logging
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.ledger import FIRST_OF_FILMS
from jobs.outcomes import OPEN
from jobs.video.made import StageFolder, place_of

log = logging.getLogger(__name__)


def leave_stage(folder: JobFolder, goes_on: Callable[[], bool]) -> None:
    """Delete it, as long as that `goes_on`. Trouble is no reason not to end: `rekscan costs` lists what is left."""
    stage = place_of(folder.spec, folder.aws)
    if stage is None:
        return
    try:
        notes = stage.notes(folder.job)
        for item in notes.keys() - (_open(folder) if notes else set()):
            if goes_on():
                stage.leave(notes[item])
        if isinstance(stage, StageFolder) and goes_on() and not stage.notes(folder.job):
            stage.close()
    except (BotoCoreError, ClientError, OSError):
        log.exception("the stage of %s was not tidied up", folder.job)


def _open(folder: JobFolder) -> set[int]:
    """Items that AWS may work on."""
    films = [parts for shard, parts in folder.shard_parts().items() if shard >= FIRST_OF_FILMS]
    return {row.item_id for parts in films for row in rows_of(folder, parts) if row.outcome == OPEN}
