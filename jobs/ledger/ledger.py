"""Shards: who holds which, what is left, and the state of a job. See the package docstring for the keys."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, Literal

import orjson
from redis import Redis
from redis.client import Pipeline

from jobs.attempts import Attempts, Mark, new_fence, of_journal
from jobs.errors import RekscanError
from jobs.ledger.keys import key

State = Literal["planned", "running", "paused", "blocked", "finished", "incomplete", "cancelled"]

WELL = "well"
FIRST_OF_FILMS = 10**9  # number of the first shard of films: no job has as many of pictures
LAST_STEP = -1  # the shard number of the step that ends a job: checks the count, builds the tables
OVER: frozenset[str] = frozenset({"finished", "cancelled"})
_STOPPED_SHORT = (b"incomplete", b"cancelled")  # states with a last step, though shards are left
_RENEWED = ("cap", "rekognition_url", "home_s3_url")  # fields that a resume may change
_SHORT_LIVED = 7 * 24 * 3600  # seconds a finished job's counters stay in Redis, and the newest order
STARTING_MS = 10_000  # until a process that starts a job, and does not say so any more, is taken for dead
_JOBS = key("jobs")
_OF_AN_OPEN_JOB = (
    "open", "todo", "queued", "leases", "holders", "lapses", "prices", "base", "journals", "buckets", "instead",
    "health", "films:todo", "films:leases",
)  # fmt: skip
_TABLES = ("todo", "queued", "leases")  # where shards are until they are done
_FILMS = ("films:todo", "films:queued", "films:leases")  # of films: no message is needed for one, so none is queued
_SCRIPTS = (
    "lease", "renew", "adopt", "begin", "settle", "finish", "release", "feed", "reap", "lapse", "look", "order",
    "charge",
)  # fmt: skip


class Overtaken(RekscanError):
    """A job was told to stop while somebody was about to put it on the table."""

    def __init__(self, job: str, word: str) -> None:
        super().__init__(f"job {job} was {word} while it was starting", f"`rekscan resume {job}` goes on.")


class FolderMoved(Exception):
    """A job's folder is no longer as it was read."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A shard held by this process until it lapses. `fence`: the holder's id, which no other lease ever has."""

    job: str
    shard: int
    fence: str
    lapses: int = 0  # holders of this shard that died with it
    purse: str = ""  # key of what the home's jobs spend together (`purse.py`); "" where AWS is not asked


@dataclass(frozen=True, slots=True)
class NotLeased:
    """Why a shard was not handed out: `leased`, `done`, `share`, or the state of a job that does not run."""

    why: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one request sent to AWS, or of a call that needed none (`mark` empty)."""

    call: str
    request: str  # its name, and the place where it is not the job's own: `labels@eu-west-1`
    number: int  # from 1, of this holder's attempts at the call
    mark: Mark | Literal[""]
    answer: bytes = b""  # empty: the call will be tried again
    counters: str = ""  # space-separated names to raise by one once the call has its answer
    tells: str = ""  # of the service: `WELL`, nothing, or what was wrong with it and, in a second line, what to do


@cache
def script(name: str, clock: str | None = None) -> str:
    """The text of a Lua script of this package, after the ones it builds on. `clock`: Lua that defines `now` in
    milliseconds, instead of Redis's own clock."""
    folder = files(__package__)
    text = (folder / f"{name}.lua").read_text()
    for word, before in (
        ("doubt_attempts", "doubt"),
        ("read_attempt|month_of", "attempts"),
        ("load_schedule|load_purse", "cost"),
        ("load_health", "health"),
        ("now", "clock"),
    ):
        if re.search(rf"\b({word})\b", text):
            text = (clock if before == "clock" and clock else (folder / f"{before}.lua").read_text()) + text
    return text


class Ledger:
    """The ledger of every job in one Redis (decode_responses off). Thread-safe, as redis-py is."""

    def __init__(
        self, redis: Redis, *, lease_ms: int = 10_000, outage_ms: int = 120_000, clock: str | None = None
    ) -> None:
        """`outage_ms`: how long a service may give nothing usable until the job is blocked; 0: it never is for that."""
        self.redis = redis
        self.lease_ms = lease_ms
        self._outage_ms = outage_ms
        self._scripts = {name: redis.register_script(script(name, clock)) for name in _SCRIPTS}

    # --- jobs

    def open(
        self,
        job: str,
        *,
        home: str,
        shards: Iterable[int],
        fields: Mapping[str, Any],
        prices: Mapping[str, Any] | None = None,
        left: Set[int] = frozenset(),
        base: Mapping[int, Mapping[str, int]] | None = None,
        capped: bool = False,
        told: str | None = None,
        as_read: Callable[[], bool] | None = None,
    ) -> None:
        """Put a job on the table with the shards that are missing; it runs from now on.

        Idempotent, by any number of processes at once: a job that is on the table keeps its counters, its held shards
        and their journals. `left`: the shards that were on the table before `shards` was found out.
        `fields`: counters known from the folder, and the cap; `prices`: what jobs/costs/cap.py says calls cost.
        `base`: what those counters have of shards that are missing, taken off when each is counted as a whole.
        `capped`: whether the home of the field `purse` has a cap for a month.
        `told`: the newest order (`told`) when this was begun. Raises Overtaken where there is one since.
        `as_read`: whether the folder is as `shards`, `fields` and `base` tell. Raises FolderMoved where Redis had not
        the job and it is not: a holder that Redis forgot has let go meanwhile.
        """
        put = partial(self._put, job, home, list(shards), fields, prices, left, base or {}, capped, as_read, told)
        self.redis.sadd(_JOBS, job)  # before it is open: an open job that nobody lists would wait for ever
        watched = (key(job, name) for name in ("open", "queued", "leases", "films:leases", "order"))
        try:
            self.redis.transaction(put, *watched)
        except Overtaken:
            self._unlist(job)
            raise
        self._scripts["look"]([key(job, "health")])
        self.redis.sadd(_JOBS, job)

    def _put(
        self,
        job: str,
        home: str,
        shards: list[int],
        fields: Mapping[str, Any],
        prices: Mapping[str, Any] | None,
        left: Set[int],
        base: Mapping[int, Mapping[str, int]],
        capped: bool,
        as_read: Callable[[], bool] | None,
        told: str | None,
        pipe: Pipeline,
    ) -> None:
        """What `open` writes, unless another process writes meanwhile; then it is called again."""
        order = (pipe.get(key(job, "order")) or b"").decode()
        if told is not None and order not in ("", told):
            raise Overtaken(job, order.partition(" ")[0])
        live = bool(pipe.exists(key(job, "open")))
        if not live and as_read is not None and not as_read():
            raise FolderMoved
        so_far = self.progress(job) if live else _counters(fields)
        since = orjson.dumps({"at": _seconds(pipe), "counters": so_far})
        out = {int(n) for name in ("queued", "leases", "films:leases") for n in pipe.zrange(key(job, name), 0, -1)}
        empty = not out and not pipe.zcard(key(job, "todo")) and not pipe.zcard(key(job, "films:todo"))
        missing = [n for n in shards if n not in out and not (live and n in left)]
        pipe.multi()
        if not live:
            pipe.delete(key(job), key(job, "base"), key(job, "health"))
            for shard, counters in base.items():
                pipe.hset(key(job, "base"), str(shard), orjson.dumps(counters))
                if shard >= FIRST_OF_FILMS:  # what its folder has as started is looked after first
                    pipe.sadd(key(job, "journals"), shard)
        pipe.hset(key(job), mapping={**({} if live else fields), "home": home, "state": "running", "since": since})
        pipe.hset(key(job), mapping={name: fields[name] for name in _RENEWED if name in fields} or {"reason": ""})
        pipe.hdel(key(job), "reason", "do")
        pipe.persist(key(job))
        if purse := fields.get("purse"):
            pipe.hincrby(purse, "version", 1)  # whoever fills it looks again who runs
            if not capped:
                pipe.hdel(purse, "cap")
        films = [n for n in missing if n >= FIRST_OF_FILMS]
        for table, some in (("todo", [n for n in missing if n < FIRST_OF_FILMS]), ("films:todo", films)):
            for start in range(0, len(some), 1000):
                pipe.zadd(key(job, table), {str(n): n for n in some[start : start + 1000]})
        if not missing and empty:
            pipe.zadd(key(job, "todo"), {str(LAST_STEP): LAST_STEP})
        if prices:
            pipe.set(key(job, "prices"), orjson.dumps(prices))
        pipe.set(key(job, "open"), 1, nx=True)

    def on_table(self, job: str) -> set[int]:
        """The shards that are left to hand out, have a message under way or are held."""
        return self._on_table(job, self.redis)

    def held(self, job: str) -> set[int]:
        """The shards that somebody holds."""
        return {int(n) for name in ("leases", "films:leases") for n in self.redis.zrange(key(job, name), 0, -1)}

    def _on_table(self, job: str, redis: Redis) -> set[int]:
        return {int(n) for name in (*_TABLES, *_FILMS) for n in redis.zrange(key(job, name), 0, -1)}

    def live(self) -> list[str]:
        """The jobs that are not over, oldest first."""
        listed = sorted(job.decode() for job in self.redis.smembers(_JOBS))
        pipe = self.redis.pipeline(transaction=False)
        for job in listed:
            pipe.exists(key(job, "open"))
        return [job for job, is_open in zip(listed, pipe.execute(), strict=True) if is_open]

    def is_live(self, job: str) -> bool:
        """Whether it is on the table and not over."""
        return bool(self.redis.exists(key(job, "open")))

    def fields(self, job: str) -> dict[str, str]:
        """The job's hash; empty when Redis knows nothing of it."""
        return {name.decode(): value.decode() for name, value in self.redis.hgetall(key(job)).items()}

    def state(self, job: str) -> str:
        """As it is on the table, or was when the job ended; empty when Redis knows nothing of it."""
        return (self.redis.hget(key(job), "state") or b"").decode()

    def set_state(self, job: str, state: State, *, reason: str = "", do: str = "") -> None:
        self.redis.hset(key(job), mapping={"state": state, "reason": reason, "do": do})

    def order(self, job: str, state: Literal["paused", "cancelled"], *, do: str = "") -> bool:
        """Tell a job to send nothing more. Whoever is about to put it on the table leaves it. A cancelled one has its
        last step (partial tables) once no shard is held. Whether it was on the table."""
        keys = [key(job), *(key(job, name) for name in ("open", "todo", "order"))]
        return bool(self._scripts["order"](keys, [state, do, f"{state} {new_fence()}", _SHORT_LIVED]))

    def told(self, job: str) -> str:
        """What names the newest order of a job, for `open`; empty where there was none."""
        return (self.redis.get(key(job, "order")) or b"").decode()

    def start(self, job: str) -> None:
        """Somebody is about to put a job on the table, and says so again before this is forgotten."""
        self.redis.set(key(job, "starting"), 1, px=STARTING_MS)

    def started(self, job: str) -> None:
        self.redis.delete(key(job, "starting"))

    def is_starting(self, job: str) -> bool:
        return bool(self.redis.exists(key(job, "starting")))

    def set_cap(self, job: str, nano_dollars: int) -> None:
        self.redis.hset(key(job), "cap", nano_dollars)

    def charge(self, job: str, nanousd: int, meter: str = "", units: Mapping[str, int] | None = None) -> None:
        """What the models of a job cost until they could be stopped; `units` of their meter by month, the last of which
        goes on. With that over a cap it sends nothing more, and its last step comes."""
        purse = self.redis.hget(key(job), "purse")
        keys = [key(job), key(job, "open"), key(job, "todo"), *([purse] if purse else [])]
        self._scripts["charge"](keys, [nanousd, meter, orjson.dumps(units or {}), max(units or {}, default="")])

    def close(
        self,
        job: str,
        state: State,
        counters: Mapping[str, int],
        *,
        reason: str = "",
        under: Lease | None = None,
    ) -> bool:
        """The job is over: only its counters, as its folder has them, stay for a week.

        `under`: the lease of its last step. False when that was lost, or somebody went on with the job meanwhile.
        """
        gone = [key(job, name) for name in _OF_AN_OPEN_JOB]
        for shard in self.redis.smembers(key(job, "journals")):
            gone += _journal(job, int(shard))
        gone += [key(job, "claims", int(bucket)) for bucket in self.redis.smembers(key(job, "buckets"))]
        fields = {**counters, "state": state, "reason": reason}
        put = partial(self._close, job, fields, gone, under)
        watched = (key(job), *(key(job, name) for name in (*_TABLES, *_FILMS, "holders")))
        if not self.redis.transaction(put, *watched, value_from_callable=True):
            return False
        self._unlist(job)
        return True

    def _close(
        self, job: str, fields: Mapping[str, Any], gone: Sequence[str], under: Lease | None, pipe: Pipeline
    ) -> bool:
        """What `close` writes, unless another process writes meanwhile; then it is called again."""
        over = under is None or self._may_end(under, pipe)
        pipe.multi()
        if over:
            pipe.hset(key(job), mapping=dict(fields))
            pipe.expire(key(job), _SHORT_LIVED)
            for start in range(0, len(gone), 1000):
                pipe.unlink(*gone[start : start + 1000])
        return over

    def may_end(self, lease: Lease) -> bool:
        """Whether this last step still holds its lease, and nobody went on with the job since it stopped short."""
        return self._may_end(lease, self.redis)

    def _may_end(self, lease: Lease, redis: Redis) -> bool:
        holder = redis.hget(key(lease.job, "holders"), str(lease.shard))
        state = redis.hget(key(lease.job), "state")
        mine = holder is not None and holder.decode() == lease.fence
        return mine and (state in _STOPPED_SHORT or not self._on_table(lease.job, redis) - {lease.shard})

    def _unlist(self, job: str) -> None:
        """The list of jobs has a slot of its own, so another process may open the job between these steps."""
        self.redis.srem(_JOBS, job)
        if self.redis.exists(key(job, "open")):
            self.redis.sadd(_JOBS, job)

    def progress(self, job: str) -> dict[str, int]:
        """Counters (`ok:labels`, `maybe_billed:text`, ...) of committed shards and of those under way."""
        total = _counters(self.fields(job))
        shards = [
            shard
            for held, left in (("leases", "todo"), ("films:leases", "films:todo"))
            for shard in self.redis.zrange(key(job, held), 0, -1) + self.redis.zrange(key(job, left), 0, 50)
        ]
        pipe = self.redis.pipeline(transaction=False)
        for shard in shards:
            pipe.hgetall(key(job, "live", shard.decode()))
        for counters in pipe.execute():
            for name, amount in counters.items():
                total[name.decode()] = total.get(name.decode(), 0) + int(amount)
        return total

    def run(self, fields: Mapping[str, str]) -> tuple[float, dict[str, int]]:
        """Seconds since a job was put on the table the last time, and its counters then. `fields`: the job's."""
        if not (since := fields.get("since")):
            return 0.0, {}  # by an earlier version
        found = orjson.loads(since)
        return _seconds(self.redis) - found["at"], found["counters"]

    def table(self, job: str, *, films: bool = False) -> dict[str, int]:
        """How many shards, of pictures or of films, are left to hand out, have a message under way, are held."""
        pipe = self.redis.pipeline(transaction=False)
        for name in _FILMS if films else _TABLES:
            pipe.zcard(key(job, name))
        return dict(zip(("todo", "queued", "held"), pipe.execute(), strict=True))

    def films_left(self, job: str, most: int) -> list[int]:
        """Shards of films to be handed out, the first ones."""
        return [int(n) for n in self.redis.zrange(key(job, "films:todo"), 0, most - 1)]

    def films_begun(self, job: str) -> list[int]:
        """Those of them that somebody has held before: AWS may work on their films."""
        begun = [n for n in self.journals(job) if n >= FIRST_OF_FILMS]
        left = self.redis.zmscore(key(job, "films:todo"), list(map(str, begun))) if begun else []
        return [n for n, score in zip(begun, left, strict=True) if score is not None]

    # --- shards

    def lease(self, job: str, shard: int, *, share: int = 0) -> Lease | NotLeased:
        """Take a shard. `share`: how many the job may hold while other jobs wait for a turn; 0: any number."""
        keys = [key(job), *(key(job, name) for name in (*_tables(shard), "holders", "lapses", "journals"))]
        fence = new_fence()
        taken, *more = self._scripts["lease"](keys, [shard, fence, self.lease_ms, share])
        return Lease(job, shard, fence, more[0], more[1].decode()) if taken else NotLeased(more[0].decode())

    def renew(self, job: str, leases: Iterable[Lease]) -> tuple[str, dict[Lease, bool]]:
        """Extend leases of one job, of pictures or of films. Returns its state and which of them are still held."""
        leases = list(leases)
        arguments: list[Any] = [self.lease_ms]
        for lease in leases:
            arguments += [lease.shard, lease.fence]
        table = _tables(leases[0].shard if leases else 0)[2]
        state, *held = self._scripts["renew"]([key(job), key(job, table), key(job, "holders")], arguments)
        return state.decode(), {lease: bool(flag) for lease, flag in zip(leases, held, strict=True)}

    def finish(self, lease: Lease, counters: Mapping[str, int]) -> bool:
        """The shard's part is committed: `counters` of the whole shard.

        False when the lease was lost: then its new holder counts it.
        """
        job = lease.job
        mine = (_tables(lease.shard)[2], "holders", "journals", "base")
        keys = [key(job), *(key(job, name) for name in mine), *_journal(job, lease.shard)]
        keys += [key(job, name) for name in (*_TABLES, *_FILMS)]
        arguments: list[Any] = [lease.shard, lease.fence]
        for name, amount in counters.items():
            arguments += [name, amount]
        return bool(self._scripts["finish"](keys, arguments)[0])

    def release(self, lease: Lease) -> bool:
        """Give a shard back undone, keeping its journal: calls under way are maybe billed until they are settled."""
        job, (todo, _, leases) = lease.job, _tables(lease.shard)
        intents, _, live, _ = _journal(job, lease.shard)
        keys = [key(job), *(key(job, name) for name in (todo, leases, "holders")), intents, live, key(job, "health")]
        return bool(self._scripts["release"](keys, [lease.shard, lease.fence, _doubtful(lease.shard)]))

    def feed(self, job: str, window: int) -> list[int]:
        """Shards to put into the queue now, so that at most `window` are queued or held."""
        keys = [key(job), *(key(job, name) for name in (*_TABLES, "films:todo", "films:leases"))]
        return [int(shard) for shard in self._scripts["feed"](keys, [window])]

    def reap(self, job: str, *, lost_after_ms: int | None = 30_000) -> int:
        """Bring back lapsed leases, and shards whose message nobody answered (None: no message is lost).

        Returns the number of lapsed leases.
        """
        lost = "" if lost_after_ms is None else lost_after_ms
        lapsed = 0
        for tables in (_TABLES, _FILMS):
            for shard in self._scripts["reap"]([key(job, name) for name in tables], [lost]):
                lapsed += self._lapse(job, int(shard))
        return lapsed

    def _lapse(self, job: str, shard: int) -> int:
        (todo, _, leases), (intents, _, live, _) = _tables(shard), _journal(job, shard)
        keys = [key(job), *(key(job, name) for name in (todo, leases, "holders", "lapses"))]
        keys += [intents, live, key(job, "health")]
        return int(self._scripts["lapse"](keys, [shard, _doubtful(shard)]))

    # --- the journal of a held shard

    def adopt(self, lease: Lease, shard: int | None = None) -> tuple[dict[str, dict[str, Attempts]], dict[str, bytes]]:
        """What earlier holders left: call -> API -> attempts, and answers by call.

        `shard`: another one than that of the lease, which is then the last step's of a job that stopped short.
        """
        job, number = lease.job, lease.shard if shard is None else shard
        intents, answers, live, _ = _journal(job, number)
        keys = [key(job), key(job, "holders"), intents, answers, live, key(job, "health")]
        began, answered = self._scripts["adopt"](keys, [number, lease.fence, lease.shard])
        records = ((f.decode(), v.decode()) for f, v in zip(began[::2], began[1::2], strict=True))
        return of_journal(records), {f.decode(): v for f, v in zip(answered[::2], answered[1::2], strict=True)}

    def journals(self, job: str) -> list[int]:
        """The shards that have a journal, in order."""
        return sorted(int(shard) for shard in self.redis.smembers(key(job, "journals")))

    def begin(self, lease: Lease, calls: Iterable[tuple[str, str, int]], pipe: Pipeline | None = None) -> Any:
        """The door before paid calls: (call, request and place, number of the attempt from 1) -> `go POOL`, `wait`,
        `hold MS`, `hold MS shut` or why not (`answered`: a holder before brought its answer late), as bytes.

        The intent is written for each `go`. With `pipe` the script is queued there instead.
        """
        arguments: list[Any] = [lease.shard, lease.fence]
        for call in calls:
            arguments += call
        job = lease.job
        intents, answers, *_ = _journal(job, lease.shard)
        holders, prices, todo, health = (key(job, name) for name in ("holders", "prices", "todo", "health"))
        keys = [key(job), holders, intents, prices, todo, answers, health, *purse_of(lease)]
        return self._scripts["begin"](keys, arguments, client=pipe)

    def settle(self, lease: Lease, attempts: Iterable[Attempt], pipe: Pipeline | None = None) -> Any:
        """Record what came of attempts. 0 when not all of it is taken (the shard is done, or the lease is of before a
        retry): its holder keeps it, in a part of its own. With `pipe` the script is queued there instead."""
        arguments: list[Any] = [lease.shard, lease.fence, self._outage_ms]
        for one in attempts:
            arguments += [one.call, one.request, one.number, one.mark, one.answer, one.counters, one.tells]
        job = lease.job
        intents, answers, live, _ = _journal(job, lease.shard)
        tables = (key(job, name) for name in ("todo", "queued", "holders", "journals"))
        keys = [key(job), *tables, intents, answers, live, key(job, "prices"), key(job, "health"), *purse_of(lease)]
        return self._scripts["settle"](keys, arguments, client=pipe)

    def shut(self, job: str) -> set[str]:
        """The requests whose service is not well, so that their calls wait (health.lua), or go to another place:
        `labels`, `labels@eu-west-1`."""
        found = self.redis.hgetall(key(job, "health"))
        return {
            name.decode().removesuffix(":next") for name, at in found.items() if name.endswith(b":next") and at != b"0"
        }

    def stumble(self, lease: Lease) -> int:
        """A shard ended with an error of our own; how often that and the death of its holder has happened."""
        return int(self.redis.hincrby(key(lease.job, "lapses"), str(lease.shard), 1))

    def suspect(self, lease: Lease, call: str) -> int:
        """A call is under way alone; how often it has been so and was not cleared, this time included."""
        pipe = self.redis.pipeline(transaction=True)
        pipe.sadd(key(lease.job, "journals"), lease.shard)
        pipe.hincrby(_suspects(lease), call, 1)
        return int(pipe.execute()[1])

    def clear_of_suspicion(self, lease: Lease, call: str) -> None:
        self.redis.hdel(_suspects(lease), call)


def _counters(fields: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(n) for name, n in fields.items() if ":" in name and not name.startswith("m:")}


def _seconds(redis: Redis) -> float:
    """Redis's clock."""
    seconds, microseconds = redis.time()
    return float(seconds + microseconds / 1e6)


def purse_of(lease: Lease) -> list[str]:
    """The key that the scripts that spend are given besides, where there is one."""
    return [lease.purse] if lease.purse else []


def _tables(shard: int) -> tuple[str, str, str]:
    return _FILMS if shard >= FIRST_OF_FILMS else _TABLES


def _doubtful(shard: int) -> int:
    """1 where a holder that is gone leaves attempts of which nobody knows. Not of a film: its token is sent again."""
    return int(shard < FIRST_OF_FILMS)


def _journal(job: str, shard: int) -> list[str]:
    return [key(job, name, shard) for name in ("intents", "answers", "live", "suspects")]


def _suspects(lease: Lease) -> str:
    return _journal(lease.job, lease.shard)[-1]
