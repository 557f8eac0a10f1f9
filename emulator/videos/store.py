"""Video jobs, their tokens and their answers, kept in one SQLite file: what was answered as started survives a kill.

A job is open until `ends`, which may lie ahead: what is true of a job is a matter of the clock, and nothing has to
happen at that moment.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from emulator.errors import AwsError, not_found
from emulator.videos.film import Film
from emulator.videos.kind import Item, Kind
from emulator.videos.pace import Pace

SLOTS = 20  # open jobs of an account, all kinds together; AWS's default
KEPT = 7 * 24 * 3600  # seconds: tokens and answers
_SWEEP = 600
_USER = "arn:aws:iam::000000000000:user/emulator"
_COLUMNS = "id, operation, request, started, ends, status, message, film, step"
_SCHEMA = """
create table if not exists jobs (
    id text primary key,
    operation text not null,
    request text not null,
    content text not null,
    meters text not null,
    started real not null,
    ends real,
    status text not null default '',
    message text not null default '',
    film text not null default '',
    step real not null default 0,
    ms integer not null default 0
);
create index if not exists jobs_by_end on jobs (ends);
create index if not exists jobs_by_start on jobs (started);
create table if not exists items (
    job text not null references jobs (id) on delete cascade,
    place integer not null,
    item blob not null,
    primary key (job, place)
) without rowid;
create table if not exists notices (
    job text primary key references jobs (id) on delete cascade
) without rowid;
create table if not exists secrets (secret blob not null);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """`ends` None: somebody works on it; `request` as sent, less its token; `step`: ms between looks."""

    id: str
    operation: str
    request: dict[str, Any]
    started: float
    ends: float | None
    status: str
    message: str
    film: Film | None
    step: float

    def state(self, now: float) -> str:
        return "IN_PROGRESS" if self.ends is None or self.ends > now else self.status


@dataclass(slots=True)
class JobStore:
    """All video jobs of one emulator; `path` may be `:memory:`."""

    path: Path | str
    slots: int = SLOTS
    pace: Pace = field(default_factory=Pace)
    now: Callable[[], float] = time.time
    _db: sqlite3.Connection = field(init=False)
    _counted_from: float = field(init=False)
    _swept: float = 0.0

    def __post_init__(self) -> None:
        self._db = sqlite3.connect(self.path, isolation_level=None)
        pragmas = "pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;"
        self._db.executescript(pragmas + _SCHEMA)
        self._counted_from = self.now()

    def close(self) -> None:
        self._db.close()

    def secret(self) -> bytes:
        """What page tokens are signed with, the same after a restart."""
        row = self._db.execute("select secret from secrets").fetchone()
        if row is None:
            row = (secrets.token_bytes(32),)
            self._db.execute("insert into secrets values (?)", row)
        return bytes(row[0])

    def known(self, kind: Kind, request: dict[str, Any]) -> str | None:
        """The job this request's token has started; raises for a token that stands for another request."""
        token = request.get("ClientRequestToken")
        if token is None:
            return None
        row = self._db.execute(
            "select request from jobs where id = ? and started > ?", (_job_id(kind, token), self.now() - KEPT)
        ).fetchone()
        if row is None:
            return None
        if row[0] != _asked(request):
            text = f"The ClientRequestToken: {token} you have supplied is already in use."
            raise AwsError("IdempotentParameterMismatchException", text)
        return _job_id(kind, token)

    def room(self) -> None:
        """Raises LimitExceededException when every slot is taken."""
        where = "ends is null or ends > ?"
        taken = self._db.execute(f"select count(*) from jobs where {where}", (self.now(),)).fetchone()[0]  # noqa: S608
        if taken >= self.slots:
            text = f"{taken} open Jobs for User {_USER} Maximum limit: {self.slots}"
            raise AwsError("LimitExceededException", text)

    def open(self, kind: Kind, request: dict[str, Any]) -> tuple[Job, bool]:
        """The job of a request and whether it is new: another with its token may have come first."""
        self._sweep()
        if (known := self.known(kind, request)) is not None:
            return self.job(kind, known), False
        self.room()
        job_id = _job_id(kind, request.get("ClientRequestToken") or uuid.uuid4().hex)
        place = request["Video"]["S3Object"]
        content, meters = f"s3://{place['Bucket']}/{place['Name']}", ",".join(kind.billed(request))
        row = (job_id, kind.start, _asked(request), content, meters, self.now())
        # One past its seven days may still lie under this name.
        self._db.execute("delete from jobs where id = ?", (job_id,))
        self._db.execute(
            "insert into jobs (id, operation, request, content, meters, started) values (?, ?, ?, ?, ?, ?)", row
        )
        if "NotificationChannel" in request:
            self._db.execute("insert into notices values (?)", (job_id,))
        return self.job(kind, job_id), True

    def add(self, job: Job, place: int, items: Iterable[Item]) -> int:
        """Keep items of a job that is worked on, from `place` on, over what an earlier try left; the next place."""
        rows = [(job.id, number, orjson.dumps(item)) for number, item in enumerate(items, place)]
        if rows:
            self._db.execute("begin")
            with self._db:
                self._db.executemany("insert or replace into items values (?, ?, ?)", rows)
        return place + len(rows)

    def succeed(self, job: Job, film: Film, step: float = 0.0) -> None:
        """End a job, not before its pace allows; its items are in."""
        self._end(job, "SUCCEEDED", film.ms, film=json.dumps(asdict(film)), step=step)

    def fail(self, job: Job, message: str) -> None:
        self._end(job, "FAILED", 0, message=message)

    def _end(self, job: Job, status: str, ms: int, **values: Any) -> None:
        values |= {"status": status, "ms": ms, "ends": max(self.now(), job.started + self.pace.seconds(ms))}
        names = ", ".join(f"{name} = :{name}" for name in values)
        self._db.execute(f"update jobs set {names} where id = :id", {"id": job.id, **values})  # noqa: S608

    def job(self, kind: Kind, job_id: str) -> Job:
        """Raises ResourceNotFoundException for a job that never was, is of another kind, or is over its seven days."""
        found = self._jobs("id = ? and operation = ? and started > ?", (job_id, kind.start, self.now() - KEPT))
        if not found:
            raise not_found("Could not find JobId")
        return found[0]

    def unfinished(self) -> list[Job]:
        """Jobs somebody worked on when the emulator was stopped."""
        return self._jobs("ends is null", ())

    def untold(self) -> list[Job]:
        """Jobs that have ended and whose NotificationChannel was not told."""
        return self._jobs("id in (select job from notices) and ends <= ?", (self.now(),))

    def told(self, job: Job) -> None:
        self._db.execute("delete from notices where job = ?", (job.id,))

    def length(self, job: Job) -> int:
        return int(self._db.execute("select count(*) from items where job = ?", (job.id,)).fetchone()[0])

    def items(self, job: Job, start: int, stop: int) -> list[bytes]:
        """Items of an answer in the order of time, as JSON."""
        where = "job = ? and place >= ? and place < ?"
        rows = self._db.execute(f"select item from items where {where} order by place", (job.id, start, stop))  # noqa: S608
        return [row[0] for row in rows]

    def billed(self) -> tuple[dict[str, Counter[str]], Counter[str]]:
        """Jobs that succeeded since `forget`: how many by operation and film, and milliseconds by meter."""
        jobs: dict[str, Counter[str]] = {}
        meters: Counter[str] = Counter()
        rows = self._db.execute(
            "select operation, content, meters, count(*), sum(ms) from jobs"
            " where status = 'SUCCEEDED' and ends > ? and ends <= ? group by operation, content, meters",
            (self._counted_from, self.now()),
        )
        for operation, content, names, count, ms in rows:
            jobs.setdefault(operation, Counter())[content] += count
            meters.update(dict.fromkeys(names.split(","), ms))
        return jobs, meters

    def forget(self) -> None:
        """Count from now on."""
        self._counted_from = self.now()

    def listing(self) -> list[dict[str, Any]]:
        """Every job that is kept, with its times in seconds since 1970."""
        now = self.now()
        return [
            {
                "JobId": job.id,
                "operation": job.operation,
                "video": job.request["Video"]["S3Object"],
                "status": job.state(now),
                "started": job.started,
                "ends": job.ends,
            }
            for job in self._jobs("true", ())
        ]

    def _jobs(self, where: str, values: tuple[Any, ...]) -> list[Job]:
        query = f"select {_COLUMNS} from jobs where {where} order by started"  # noqa: S608
        return [_job(row) for row in self._db.execute(query, values)]

    def _sweep(self) -> None:
        now = self.now()
        if now - self._swept > _SWEEP:
            self._swept = now
            self._db.execute("delete from jobs where started <= ?", (now - KEPT,))


def _job(row: tuple[Any, ...]) -> Job:
    film = Film(**json.loads(row[7])) if row[7] else None
    return Job(row[0], row[1], json.loads(row[2]), row[3], row[4], row[5], row[6], film, row[8])


def _job_id(kind: Kind, token: str) -> str:
    return hashlib.sha256(f"{kind.start}|{token}".encode()).hexdigest()


def _asked(request: dict[str, Any]) -> str:
    """What has to be the same for the same token."""
    return json.dumps({name: value for name, value in request.items() if name != "ClientRequestToken"}, sort_keys=True)
