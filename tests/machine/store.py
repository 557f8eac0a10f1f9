"""A real Valkey on the simulated clock. It can be away, lose a reply, forget its last second, or be wiped.

Rule: scripts see the simulated time; every command is a seam; what a command did is told to those who listen before
anybody else runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis import ConnectionPool, Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.machine.threads import Scheduler, current, seam

_REAL_TIME = "redis.call('TIME')"
_CLOCK = "machine:clock"
_OUR_TIME = f"redis.call('HMGET','{_CLOCK}','s','us')"
# What is remembered is a copy of all keys in the second database.
_REMEMBER = (
    "redis.call('SELECT', 1) redis.call('FLUSHDB') redis.call('SELECT', 0)"
    "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', k, k, 'DB', 1) end"
)


@dataclass(slots=True)
class Server:
    """A Valkey that runs share, one after another."""

    pool: ConnectionPool
    scripts: set[str] = field(default_factory=set)  # those it has, so that no run is the first to meet it


class Store:
    """One per run."""

    def __init__(self, server: Server, scheduler: Scheduler, odd: Callable[[str], bool]) -> None:
        """`odd`: whether the reply to a command is lost on its way."""
        self.server = server
        pool = self.pool = server.pool
        self.scheduler = scheduler
        self.away = False
        self.odd = odd
        self.raw = Redis.from_pool(pool)
        self.client = Client(connection_pool=pool)
        self.client.store = self
        self.wire = pool.get_connection()
        self._lasting: dict[str, float] = {}  # key -> when it ends
        self._seconds: dict[str, float] = {}  # key -> how long it lasts
        self.raw.flushall()
        self.tick()

    def tick(self) -> None:
        """The clock moved."""
        now, wall = self.scheduler.now, self.scheduler.wall
        self.raw.hset(_CLOCK, mapping={"s": int(wall), "us": int(wall % 1 * 1e6)})
        over = [name for name, end in self._lasting.items() if end <= now]
        for name in over:
            del self._lasting[name]
            self.raw.delete(name)

    def lasts(self, name: str, seconds: float) -> None:
        self._seconds[name] = seconds
        self._lasting[name] = self.scheduler.now + seconds

    def close(self) -> None:
        self.pool.release(self.wire)

    # --- what may happen to it

    def remember(self) -> None:
        self.raw.eval(_REMEMBER, 0)

    def forget(self) -> None:
        """A crash: it is as it was when it was told to remember, and knows no script."""
        self.raw.script_flush()
        self.server.scripts.clear()
        self.raw.swapdb(0, 1)
        self._lasting = {name: self.scheduler.now + seconds for name, seconds in self._seconds.items()}
        self.tick()

    def wipe(self) -> None:
        self.raw.flushdb()
        self._lasting.clear()
        self.tick()

    # --- each command

    def before(self, what: str) -> None:
        seam(f"redis {what}")
        if self.away and current() is not None:
            raise RedisConnectionError("the machine's Redis is away")

    def after(self, what: str) -> None:
        if current() is not None and self.odd(what):
            raise RedisConnectionError("the machine lost the reply")


class _Seam:
    store: Store

    def register_script(self, script: str) -> Any:
        text = script.replace(_REAL_TIME, _OUR_TIME)
        server = self.store.server
        if text not in server.scripts:
            server.scripts.add(text)
            self.store.raw.script_load(text)
        return super().register_script(text)  # type: ignore[misc]


class Client(_Seam, Redis):
    """redis-py's client with a seam at each command."""

    _lasts: tuple[str, float] | None = None  # of the SET that comes: the key, and for how many seconds

    def execute_command(self, *args: Any, **options: Any) -> Any:
        what = str(args[0])
        lasts, self._lasts = self._lasts, None
        self.store.before(what)
        self.store.wire.send_command(*args)
        reply = self.parse_response(self.store.wire, what, **options)
        if what == "SET" and lasts is not None and reply:
            self.store.lasts(*lasts)
        self.store.after(what)
        return reply

    def close(self) -> None:
        """Everybody's."""

    def set(self, name: Any, value: Any, *, ex: Any = None, px: Any = None, **options: Any) -> Any:
        if ex or px:
            self._lasts = (name, ex or px / 1000)
        return super().set(name, value, **options)

    def pipeline(self, transaction: Any = True, shard_hint: Any = None) -> "Pipe":
        pipe = Pipe(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.store = self.store
        return pipe


class Pipe(_Seam, Pipeline):
    """redis-py's pipeline: one command to the world. `listeners` hear its replies, however the caller fares."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.listeners: list[tuple[int, Callable[[Any], None]]] = []

    def execute(self, raise_on_error: bool = True) -> Any:
        self.store.before("pipeline")
        listeners, self.listeners = self.listeners, []
        replies = super().execute(raise_on_error)
        for position, listener in listeners:
            listener(replies[position])
        self.store.after("pipeline")
        return replies

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        self.store.before(str(args[0]))
        return super().immediate_execute_command(*args, **options)

    def time(self) -> tuple[int, int]:
        wall = self.store.scheduler.wall
        return int(wall), int(wall % 1 * 1e6)
