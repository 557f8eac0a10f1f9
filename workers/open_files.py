"""How many files and sockets this process may have open, and how many calls that leaves room for.

Rule: a call under way is a socket. More calls than sockets would fail pictures for a limit of this machine.
"""

import logging
import resource

log = logging.getLogger(__name__)

_MOST = 65_536  # more are never asked for
_OWN = 128  # of a worker beside its jobs: Redis, Celery, logs, decoders, parts being written


def allow() -> None:
    """Have as many as we may."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if most == resource.RLIM_INFINITY else min(most, _MOST)
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def calls_that_fit(wanted: int, requests: int, beside: int) -> int:
    """Calls under way at most for each of a job's requests. `beside`: what the job opens else."""
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now == resource.RLIM_INFINITY:
        return wanted
    fit = max(1, (now - _OWN - beside) // max(1, requests))
    if fit < wanted:
        log.warning(
            "%d calls under way instead of %d for each of %d requests: this process may have %d files open (ulimit -n)",
            fit, wanted, requests, now,
        )  # fmt: skip
    return min(wanted, fit)
