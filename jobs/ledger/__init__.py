"""The record in Redis of what is planned, leased, started, paid and done. Scripts run on Redis's own clock.

Keys of a job, all under `rekscan:job:<id>`:

    (hash)         state, reason, do, home, counters (`ok:labels`, ...), units per meter, cap and cost in nano-dollars
    :todo :queued :leases   shards not handed out; with a message under way; held (score: when the lease lapses)
    :holders :lapses        shard -> fencing token of its holder; -> times its holder died
    :intents:<n> :answers:<n> :live:<n>   journal of a shard: attempts, answers, counters; gone once it is committed

`rekscan:jobs` is the set of jobs that are not over. The folder is the truth: with all this lost, `resume` rebuilds it.
"""

from jobs.ledger.ledger import LAST_STEP, OVER, Attempt, Lease, Ledger, Mark, Refused, State

__all__ = ["LAST_STEP", "OVER", "Attempt", "Lease", "Ledger", "Mark", "Refused", "State"]
