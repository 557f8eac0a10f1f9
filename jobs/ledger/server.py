"""Whether a Redis can hold the ledger, and what to do where it cannot.

Rule: what a Redis refuses is put into words here alone, for every command and for the workers' logs.
"""

import socket
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from jobs.ledger.keys import key
from jobs.redact import redact

# What a refusal has in it -> what is wrong, what to do.
_REFUSALS = {
    "used memory > 'maxmemory'": ("is full (maxmemory)", "Give it more memory: CONFIG SET maxmemory, or a larger one."),
    "Errors writing to the AOF": (
        "refuses writes, as it cannot write its own file",
        "Make room on its disk; it goes on by itself.",
    ),
    "save RDB snapshots": (
        "refuses writes, as it cannot save its snapshot",
        "Make room on its disk, or CONFIG SET save '' (an append-only file keeps more).",
    ),
    "read only replica": ("is a read-only replica", "Name its primary: REKSCAN_REDIS_URL or --redis-url."),
    "Link with MASTER is down": (
        "is a replica that has lost its primary",
        "Name the primary: REKSCAN_REDIS_URL or --redis-url.",
    ),
    "good replicas to write": (
        "waits for replicas of its own",
        "Bring them back, or CONFIG SET min-replicas-to-write 0.",
    ),
    "max number of clients": (
        "takes no more clients",
        "CONFIG SET maxclients higher, or end what holds its connections.",
    ),
    "Authentication required": (
        "wants a password",
        "Put it into REKSCAN_REDIS_URL: redis://USER:PASSWORD@HOST:6379/0.",
    ),
    "already authenticated": ("wants a password", "Put it into REKSCAN_REDIS_URL: redis://USER:PASSWORD@HOST:6379/0."),
    "invalid username-password": ("refuses the user or the password", "Mend them in REKSCAN_REDIS_URL."),
    "ermission": ("lets its user do too little", "ACL SETUSER that user +@all ~rekscan:* &* (scripts too)."),
    "ACL failure": ("lets its user do too little", "ACL SETUSER that user +@all ~rekscan:* &* (scripts too)."),
    "loading the dataset": ("is still reading its data", "It answers when it is done."),
}
# As the ledger writes: the memory, the disk, the role and the rights it takes. What takes memory comes first: a script
# that has written is not stopped for want of it.
_WRITE = """
redis.call('HSET', KEYS[1], 'a', 1)
redis.call('HINCRBY', KEYS[1], 'a', 1)
redis.call('ZADD', KEYS[2], 1, 'a')
redis.call('ZRANGEBYSCORE', KEYS[2], 0, 1)
redis.call('DEL', KEYS[1], KEYS[2])
return redis.call('TIME')
"""
_LISTENS, _MOST = 0.5, 500  # seconds, bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a Redis. `stops`: nothing can be written; else it works, at a risk."""

    what: str
    do: str
    stops: bool = True

    def __str__(self) -> str:
        return f"{self.what}. {self.do}"


def trouble(redis: "Redis[bytes]") -> Trouble | None:
    """Ask a Redis whether it can do what the ledger needs. Three round trips."""
    try:
        redis.ping()
        redis.eval(_WRITE, 2, key("probe", "hash"), key("probe", "set"))
        redis.llen(key("celery"))
    except ResponseError as error:
        return explain(error)
    except (RedisConnectionError, OSError) as error:
        return explain(RedisConnectionError(_turned_away(redis) or str(error)))
    return _evicts(redis)


def explain(error: Exception) -> Trouble:
    """What an error of redis-py says of the server."""
    text = redact(" ".join(str(error).split()))
    for words, (what, do) in _REFUSALS.items():
        if words in text:
            return Trouble(f"Redis {what} ({text})", do)
    if isinstance(error, ResponseError):
        return Trouble(f"Redis refuses: {text}", "Its own log says more.")
    return Trouble(f"Redis does not answer: {text}", "Is REKSCAN_REDIS_URL right, and is it up?")


def _turned_away(redis: "Redis[bytes]") -> str:
    """What a Redis tells a client that says nothing: why it takes no more of them. One that speaks at once often finds
    the connection closed before it hears that. "": it tells nothing, or over TLS."""
    told = redis.connection_pool.connection_kwargs
    try:
        with _line(told) as line:
            return line.recv(_MOST).decode(errors="replace").strip()
    except (OSError, KeyError):
        return ""


def _line(told: dict[str, Any]) -> socket.socket:
    if "path" not in told:
        return socket.create_connection((told["host"], told["port"]), _LISTENS)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(_LISTENS)
    line.connect(told["path"])
    return line


def _evicts(redis: "Redis[bytes]") -> Trouble | None:
    try:
        memory = redis.info("memory")
    except ResponseError:  # not for this user: then it cannot be told
        return None
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return None
    what = f"Redis may forget calls that were paid for (maxmemory-policy {policy})"
    return Trouble(what, "CONFIG SET maxmemory-policy noeviction.", stops=False)
