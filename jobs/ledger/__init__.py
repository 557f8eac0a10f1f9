"""The record in Redis of what is planned, leased, started, paid and done. Scripts run on Redis's own clock.

Keys of a job, all under `rekscan:{<id>}` (`keys.py`):

    (hash)         state, reason, do, home, counters (`ok:labels`, ...), units per month and meter; cap, cost and
                            models (what runs for it, until it could be stopped) in nano-dollars; since: when it was
                            put on the table the last time, and its counters then
    :todo :queued :leases   shards not handed out; with a message under way; held (score: when the lease lapses)
    :holders :lapses        shard -> fence of its holder; -> times its holder died
    :base                   shard -> what the counters have of it from parts, before it is counted as a whole
    :intents:<n> :answers:<n> :live:<n> :suspects:<n>   journal of a shard: attempts, answers, counters, calls that may
                            be what kills its holders; gone once it is committed
    :films:todo :films:leases   the same of shards of films, which need no message; their numbers begin at
                            FIRST_OF_FILMS, and their :intents:<n> are starts, a field a call (`films_begin.lua`)
    :claims:<n> :instead    who asks about a content that several items have (`claims.py`)
    :journals :buckets      numbers of the shards and of the claims that have such keys: what there is to delete
    :health                 of each request: how the service behind it fares (`health.lua`)
    :open                   there while the job is not over
    :starting :order        there while somebody is about to put it on the table; what names the newest order to stop

`rekscan:{purse:<home>}` has what the home's jobs spend in a month, where it has a cap for it (`purse.py`).
`rekscan:{models}` is what runs for jobs (`models.py`).
`rekscan:{jobs}` lists the jobs that are not over, `rekscan:{turn}` is the lock under which one is put on the table.
The folder is the truth: with all this lost, `resume` rebuilds it.
"""

from jobs.ledger.ledger import (
    FIRST_OF_FILMS,
    LAST_STEP,
    OVER,
    WELL,
    Attempt,
    FolderMoved,
    Lease,
    Ledger,
    NotLeased,
    Overtaken,
    State,
)  # fmt: skip
from jobs.ledger.purse import Purse, purse_key
from jobs.ledger.starts import Start, Starts

__all__ = [
    "FIRST_OF_FILMS",
    "LAST_STEP",
    "OVER",
    "WELL",
    "Attempt",
    "FolderMoved",
    "Lease",
    "Ledger",
    "NotLeased",
    "Overtaken",
    "Purse",
    "Start",
    "Starts",
    "State",
    "purse_key",
]  # fmt: skip
