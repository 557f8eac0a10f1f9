"""Where product code meets the world: names in its modules that stand for the clock, threads, Redis, AWS and pictures
are given the machine's.

Rule: a name is replaced wherever it is bound, by what it is bound to, so product code may move without a change here.
It is done once per process; which run is meant is `now.world`.
"""

import asyncio
import gc
import pkgutil
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, tzinfo
from functools import cache, partial
from importlib import import_module
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from rich.console import Console

import jobs
import rekscan.commands.steer
import rekscan.console.output as output
import workers
from jobs import costs
from jobs.aws import clients
from jobs.aws.lean import methods
from jobs.files import read_table
from jobs.folder import JobFolder, JobSpec, half_written, retries
from jobs.folder import facts as folder_facts
from jobs.folder import folder as folder_files
from jobs.folder import parts as folder_parts
from jobs.items import Item
from jobs.known.sync import index_job
from jobs.media.prepare import Preparer
from jobs.media.prepared import Prepared
from rekscan import settings
from rekscan.console.summary import print_summary
from rekscan.scans import beside
from reports.tables.build import build_tables
from reports.views.report import build_report
from tests.machine import parts, threads, watch
from workers import app, bell, config
from workers.gate.gate import Stopped, Turnstile
from workers.shards.job_work import ProcessPictures

if TYPE_CHECKING:
    from tests.machine.world import World

_HOUSES = ("jobs", "workers", "rekscan")


class _Now:
    world: "World"


now = _Now()


def _world() -> "World":
    return now.world


class _Like:
    """A module with some names of our own."""

    def __init__(self, module: ModuleType, **own: Any) -> None:
        self.__dict__.update(own)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _monotonic() -> float:
    return now.world.scheduler.now


def _wall() -> float:
    return now.world.scheduler.wall


class _KindOfDatetime(type):
    def __instancecheck__(cls, other: object) -> bool:
        return isinstance(other, datetime)


class _Datetime(datetime, metaclass=_KindOfDatetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(_wall(), tz or UTC)


class OpenTurnstile(Turnstile):
    """The rate never makes a call wait."""

    async def pass_through(self, stop: threading.Event) -> int:
        await asyncio.sleep(0)
        if stop.is_set():
            raise Stopped
        return 1

    async def throttled(self, ticket: int) -> None:
        pass


class Pictures:
    """Preparer: a picture is its item's number and content."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def may_block(self, item: Item, limits: object) -> bool:
        return False

    def prepare(self, item: Item, limits: object, *, s3_allowed: bool, as_object: bool | None) -> Prepared:
        content = now.world.content_of(item.item_id)
        data = f"{content} {item.item_id}".encode()
        return Prepared({"Bytes": data}, "bytes", None, "jpeg", 96, 96, content, len(data))


def _nothing(*_: object, **__: object) -> None:
    pass


@cache
def _resolved(connection: settings.Connection | None = None) -> settings.Settings:
    """Settings take a millisecond to read."""
    return _resolve(connection)


_resolve = settings.resolve


def _replacements() -> list[tuple[object, object]]:
    quiet = Console(quiet=True, file=StringIO())
    clock = {"monotonic": _monotonic, "perf_counter": _monotonic, "time": _wall, "sleep": threads.sleep}
    return [
        (time, _Like(time, **clock)),
        (threading, _Like(threading, Lock=threads.Lock)),
        (asyncio, _Like(asyncio, new_event_loop=threads.Loop)),
        (uuid, _Like(uuid, uuid4=lambda: uuid.UUID(int=now.world.dice.getrandbits(128), version=4))),
        (gc, SimpleNamespace(collect=_nothing, freeze=_nothing, unfreeze=_nothing)),
        (datetime, _Datetime),
        (ThreadPoolExecutor, threads.InlineExecutor),
        (config.connect, lambda url, **_: now.world.connect()),
        (bell.ring, lambda job, shard: now.world.ring(job, shard)),
        (app.configure, _nothing),
        (clients.rekognition, lambda aws, **_: aws.region),
        (clients.s3, _nothing),
        (methods.methods, lambda region, pool=None: partial(now.world.endpoint.method, region)),
        (Preparer, Pictures),
        (ProcessPictures, lambda config: SimpleNamespace(pool=None, store=None, close=_nothing)),
        (Turnstile, OpenTurnstile),
        (build_tables, lambda folder, **options: now.world.build_tables(folder, **options)),
        (build_report, _nothing),
        (index_job, lambda folder, **options: now.world.index_job(folder, **options)),
        (output.talk, quiet),
        (output.print_json, _nothing),
        (output.print_line, _nothing),
        (print_summary, _nothing),
        (settings.resolve, _resolved),
        (beside.turn, lambda *_: nullcontext()),  # a home of one job has no other beside it
        (retries.plan_retry, watch.planned(_world)),
        (folder_parts.read_part, parts.read_part),
        (folder_facts.facts, parts.merged),
        (read_table, parts.table),
        (half_written._set_aside, parts.set_aside),
        (costs.tally, parts.tally),
        (costs.shard_tally, parts.shard_tally),
        (costs.reckon, parts.reckon),
    ]


def _modules() -> list[ModuleType]:
    """Every module of the houses; those not imported yet are imported now, before anything is replaced."""
    for house in (jobs, workers):
        for found in pkgutil.walk_packages(house.__path__, f"{house.__name__}."):
            if not found.name.endswith("__main__"):
                import_module(found.name)
    import_module(rekscan.commands.steer.__name__)
    return [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in _HOUSES]


def _replace(names: Mapping[int, object]) -> None:
    for module in _modules():
        for name, value in list(vars(module).items()):
            if id(value) in names and not name.startswith("__"):
                setattr(module, name, names[id(value)])


def _seams_of_the_folder() -> None:
    """A file written, a name looked up and a listing are places to switch, and may fail."""
    folder_files.pq = _Like(pq, write_table=parts.write_table)  # type: ignore[attr-defined]
    for name in ("write", "_paths"):
        setattr(JobFolder, name, _with_a_seam(name, getattr(JobFolder, name)))


def _with_a_seam(name: str, method: Any) -> Any:
    def wrapped(self: JobFolder, *args: Any, **options: Any) -> Any:
        threads.seam(f"folder {name} {args[0]}")
        return method(self, *args, **options)

    return wrapped


_installed = False


def install() -> None:
    """Replace what is to be replaced, once."""
    global _installed
    if not _installed:
        _installed = True
        kept = _replacements()  # what is replaced must live as long as its id is looked for
        _replace({id(old): new for old, new in kept})
        _seams_of_the_folder()
        JobFolder.items = parts.items  # type: ignore[method-assign,assignment]
        JobSpec.from_json = parts.spec  # type: ignore[method-assign]
        watch.install(_world)
        threads.simulate_threads()
