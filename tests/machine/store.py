"""A real Valkey on the simulated clock. It can be away, lose a reply, forget its last second, or be wiped.

Rule: scripts see the simulated time; every command is a seam; what a command did is told to those who listen before
anybody else runs.
"""

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hiredis
from redis import ConnectionPool, Redis
from redis._parsers.base import BaseParser
from redis.client import Pipeline
from redis.commands.core import Script
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, WatchError

from tests.machine.memo import READ, UNKNOWN, Memo
from tests.machine.threads import Scheduler, current, seam

PROTOCOL = 3  # of RESP: redis-py's own choice
_REAL_TIME = "redis.call('TIME')"
_CLOCK = "machine:clock"
_OUR_TIME = f"redis.call('HMGET','{_CLOCK}','s','us')"
# What is remembered is a copy of all keys in the second database.
_REMEMBER = (
    "redis.call('SELECT', 1) redis.call('FLUSHDB') redis.call('SELECT', 0)"
    "for _, k in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', k, k, 'DB', 1) end"
)


Changed = Callable[[Iterable[Any] | None], None]  # keys; None: all


class Wire:
    """One connection, without the care that redis-py takes of many: that costs more than the commands do."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader(protocolError=RedisError, replyError=BaseParser.parse_error)
        self._before = b""
        self.changed: Changed | None = None
        self.ask([("HELLO", PROTOCOL)])

    def watch(self) -> None:
        """From now on Redis says which of the keys that were read here have changed."""
        self.ask([("CLIENT TRACKING", "ON")])

    def first(self, *command: Any) -> None:
        """Goes out with the next one; nobody waits for its reply."""
        self._before = hiredis.pack_command(_plain(command))

    def ask(
        self, commands: Sequence[Sequence[Any]], heard: Callable[[Sequence[Any], Any], None] | None = None
    ) -> list[Any]:
        """Their replies, errors among them. `heard` is told each that is none, in the order of Redis's word of what
        has changed: that comes after the reply of the command that changed it, and before the next one."""
        silent = bool(self._before)
        asked = [_plain(command) for command in commands]
        self._socket.sendall(self._before + b"".join(map(hiredis.pack_command, [*asked, _LAST])))
        self._before = b""
        if silent:
            self._reply()
        replies = []
        for command in commands:
            reply = self._reply()
            replies.append(reply)
            if heard is not None and not isinstance(reply, RedisError):
                heard(command, reply)
        self._reply()
        return replies

    def _reply(self) -> Any:
        while True:
            while (reply := self._reader.gets()) is False:
                self._reader.feed(self._socket.recv(65536))
            if not isinstance(reply, hiredis.PushNotification):
                return reply
            if self.changed is not None:
                self.changed(reply[1])

    def close(self) -> None:
        self._socket.close()


_LAST = ("PING",)  # behind its reply nothing is to come any more


def _plain(command: Iterable[Any]) -> tuple[Any, ...]:
    """As hiredis takes it: `SCRIPT LOAD` are two words."""
    name, *arguments = command
    return (*name.split(), *arguments)


@dataclass(slots=True)
class Server:
    """A Valkey that runs share, one after another."""

    pool: ConnectionPool
    path: str
    wire: Wire
    watching: list[Wire] = field(default_factory=list)  # free ones: each WATCH needs a connection of its own
    scripts: set[str] = field(default_factory=set)  # those it has, so that no run is the first to meet it

    def take(self) -> Wire:
        return self.watching.pop() if self.watching else Wire(self.path)

    def close(self) -> None:
        for wire in (self.wire, *self.watching):
            wire.close()


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
        self.wire = server.wire
        self.memo = Memo()
        self.wire.changed = self.memo.forget
        self.scripts: dict[str, Any] = {}  # as the product wrote them
        self._lasting: dict[str, float] = {}  # key -> when it ends
        self._seconds: dict[str, float] = {}  # key -> how long it lasts
        self.wire.ask([("FLUSHALL",)])
        self.tick()

    def tick(self) -> None:
        """The clock moved."""
        now, wall = self.scheduler.now, self.scheduler.wall
        self.wire.first("HSET", _CLOCK, "s", int(wall), "us", int(wall % 1 * 1e6))
        over = [name for name, end in self._lasting.items() if end <= now]
        for name in over:
            del self._lasting[name]
        if over:
            self.memo.wrote(("DEL", *over))
            self.wire.ask([("DEL", *over)])

    def lasts(self, name: str, seconds: float) -> None:
        self._seconds[name] = seconds
        self._lasting[name] = self.scheduler.now + seconds

    def meets(self, scripts: Iterable[Script]) -> None:
        """The server has these from now on."""
        for script in scripts:
            if script.script not in self.server.scripts:
                self.server.scripts.add(script.script)
                self.wire.ask([("SCRIPT LOAD", script.script)])

    # --- what may happen to it

    def remember(self) -> None:
        self.wire.ask([("EVAL", _REMEMBER, 0)])

    def forget(self) -> None:
        """A crash: it is as it was when it was told to remember, and knows no script."""
        self.wire.ask([("SCRIPT FLUSH",), ("SWAPDB", 0, 1)])
        self.server.scripts.clear()
        self.memo.forget_all()
        self._lasting = {name: self.scheduler.now + seconds for name, seconds in self._seconds.items()}
        self.tick()

    def wipe(self) -> None:
        self.wire.ask([("FLUSHDB",)])
        self.memo.forget_all()
        self._lasting.clear()
        self.tick()

    # --- each command

    def ask(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Their replies: as they were where nothing was written meanwhile, else from the server."""
        found = [self.memo.reply(command) for command in commands]
        asked = [place for place, reply in enumerate(found) if reply is UNKNOWN]
        if asked:
            replies = self.wire.ask([*(commands[place] for place in asked), *self.memo.take_old()], self.memo.heard)
            for place, reply in zip(asked, replies, strict=False):
                found[place] = reply
        return found

    def atomically(self, commands: Sequence[Sequence[Any]], wire: Wire | None = None) -> list[Any] | None:
        """Their replies, of one transaction; None where what `wire` watches has changed."""
        for command in commands:
            self.memo.wrote(command)
        *refused, replies = (wire or self.wire).ask([("MULTI",), *commands, ("EXEC",)])
        if wire is not None:
            self.wire.ask([])  # which hears what has changed
        if isinstance(replies, RedisError):
            raise next((reply for reply in refused if isinstance(reply, RedisError)), replies)
        return None if replies is None else list(replies)

    def clock(self) -> tuple[int, int]:
        """TIME"""
        return int(self.scheduler.wall), int(self.scheduler.wall % 1 * 1e6)

    def before(self, what: str) -> None:
        seam(f"redis {what}")
        if self.away and current() is not None:
            raise RedisConnectionError("the machine's Redis is away")

    def after(self, what: str) -> None:
        if current() is not None and self.odd(what):
            raise RedisConnectionError("the machine lost the reply")


class _Seam:
    store: Store
    response_callbacks: Mapping[Any, Callable[..., Any]]

    def as_asked(self, replies: Iterable[Any], commands: Iterable[tuple[Any, dict[str, Any]]]) -> list[Any]:
        """Replies as redis-py gives them."""
        found = []
        for reply, (arguments, options) in zip(replies, commands, strict=True):
            options.pop("keys", None)  # of redis-py's cache
            callback = self.response_callbacks.get(arguments[0])
            found.append(reply if callback is None or isinstance(reply, RedisError) else callback(reply, **options))
        return found

    def register_script(self, script: str) -> Any:
        made = self.store.scripts.get(script)
        if made is None:
            made = self.store.scripts[script] = super().register_script(script.replace(_REAL_TIME, _OUR_TIME))  # type: ignore[misc]
            self.store.meets([made])
        return made


class Client(_Seam, Redis):
    """redis-py's client with a seam at each command."""

    _lasts: tuple[str, float] | None = None  # of the SET that comes: the key, and for how many seconds

    def execute_command(self, *args: Any, **options: Any) -> Any:
        what = str(args[0])
        lasts, self._lasts = self._lasts, None
        self.store.before(what)
        if what == "TIME":
            return self.store.clock()
        [reply] = self.as_asked(self.store.ask([args]), [(args, options)])
        if isinstance(reply, RedisError):
            raise reply
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


class _InOrder(dict[Any, None]):
    """Scripts as they came: in a set addresses would decide, and a run would not be its seed."""

    def add(self, script: Any) -> None:
        self[script] = None


class Pipe(_Seam, Pipeline):
    """redis-py's pipeline: one command to the world. `listeners` hear its replies, however the caller fares."""

    wire: Wire | None = None  # that watches

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.scripts = _InOrder()
        self.listeners: list[tuple[int, Callable[[Any], None]]] = []

    def execute(self, raise_on_error: bool = True) -> Any:
        self.store.before("pipeline")
        listeners, self.listeners = self.listeners, []
        commands = self.command_stack
        replies = self._watched() if self.explicit_transaction else self._quickly()
        for position, listener in listeners:
            if not isinstance(replies[position], RedisError):
                listener(replies[position])
        if raise_on_error:
            self.raise_first_error(commands, replies)
        self.store.after("pipeline")
        return replies

    def _watched(self) -> Any:
        commands = self.command_stack
        assert self.wire is not None
        replies = self.store.atomically([arguments for arguments, _ in commands], self.wire)
        self.watching = False  # EXEC ends it
        found = None if replies is None else self.as_asked(replies, commands)
        self.reset()
        if found is None:
            raise WatchError("Watched variable changed.")
        return found

    def _quickly(self) -> list[Any]:
        commands = self.command_stack
        self.store.meets(self.scripts)
        ask = self.store.atomically if self.transaction else self.store.ask
        replies = ask([arguments for arguments, _ in commands])
        assert replies is not None
        found = self.as_asked(replies, commands)
        self.reset()
        return found

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """WATCH, and what is asked then."""
        self.store.before(str(args[0]))
        if self.wire is None:
            self.wire = self.store.server.take()
        ask = self.store.ask if args[0] in READ else self.wire.ask
        [reply] = self.as_asked(ask([args]), [(args, options)])
        if isinstance(reply, RedisError):
            raise reply
        self.watching = True
        return reply

    def reset(self) -> None:
        self.command_stack: list[Any] = []
        self.scripts = _InOrder()
        self.explicit_transaction = False
        if self.wire is not None:
            if self.watching:
                self.wire.ask([("UNWATCH",)])
            self.store.server.watching.append(self.wire)
            self.wire = None
        self.watching = False

    def time(self) -> tuple[int, int]:
        return self.store.clock()
