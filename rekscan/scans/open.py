"""A job put on the table: what its folder has not is to be done. The same for a new job, `resume` and `retry`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from threading import Event, Thread
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs import costs
from jobs.apis import request_names
from jobs.costs.cap import CapSchedule, job_schedule, models_nanousd, nanousd
from jobs.costs.month_cap import hold, purse_of
from jobs.errors import RekscanError
from jobs.files import home_path
from jobs.folder import JobFolder, ShardParts
from jobs.folder.facts import COLUMNS, facts
from jobs.folder.films import film_shards
from jobs.folder.half_written import set_all_aside
from jobs.folder.home import read_home
from jobs.folder.retries import Retry, newest
from jobs.folder.whose import AWS, whose
from jobs.known.sync import sync
from jobs.ledger import FolderMoved, Ledger, Overtaken
from jobs.ledger.ledger import STARTING_MS
from jobs.ledger.server import explain
from jobs.outcomes import OPEN, counted_as


@contextmanager
def starting(ledger: Ledger, job: str) -> Iterator[None]:
    """While a job is put on the table, which may take minutes, Redis says so."""
    over = Event()

    def go_on_saying_so() -> None:
        while not over.wait(STARTING_MS / 4000):
            with suppress(RedisError, OSError):
                ledger.start(job)

    ledger.start(job)
    thread = Thread(target=go_on_saying_so, name="starting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=1)
        if not thread.is_alive():  # else Redis does not answer; it lapses
            with suppress(RedisError, OSError):
                ledger.started(job)


@contextmanager
def none_left(folder: JobFolder, *, new: bool = True) -> Iterator[None]:
    """A `new` job that cannot be put on the table leaves no folder: nothing was done, so there is nothing to resume.

    Where Redis fell silent it may have taken the job: that one stays.
    """
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        what = f"Redis was lost while job {folder.job} was put on the table: {error}"
        raise RekscanError(what, f"`rekscan resume {folder.job}` goes on once it is back.") from error
    except Overtaken:
        raise  # it is there, and may be resumed
    except Exception as error:
        if new:
            folder.remove()
        if isinstance(error, RedisError):
            why = explain(error)
            raise RekscanError(why.what, why.do) from error
        raise


def open_job(
    ledger: Ledger,
    folder: JobFolder,
    *,
    rekognition_url: str | None = None,
    max_cost: Decimal | None = None,
    turn: AbstractContextManager[None] | None = None,
    told: str | None = None,
) -> None:
    """`rekognition_url` and `max_cost` replace those of job.json. `turn`: what is to be waited for when all is read.
    `told`: the newest order when this was begun; raises Overtaken where the job was told to stop since.
    """
    read = partial(_read, ledger, folder, rekognition_url, max_cost)
    found = read()
    with turn or nullcontext():
        while True:
            try:
                found.put(ledger, folder, told)
                break
            except FolderMoved:
                found = read()
    if "purse" in found.fields and (now := read_home(folder.home, folder.aws).month_cap) != found.month_cap:
        hold(ledger, folder.home, folder.aws, now)  # it was changed meanwhile


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a folder says of its job."""

    parts: Mapping[int, ShardParts]
    left: Set[int]  # on the table, before the folder was read: a shard done meanwhile is in one of them
    missing: Sequence[int]
    base: Mapping[int, Counter[str]]
    fields: Mapping[str, Any]
    schedule: CapSchedule | None
    month_cap: Decimal | None

    def put(self, ledger: Ledger, folder: JobFolder, told: str | None) -> None:
        ledger.open(
            folder.job,
            home=home_path(folder.home),
            shards=self.missing,
            left=self.left,
            fields=self.fields,
            prices=self.schedule.to_json() if self.schedule else None,
            base=self.base,
            capped=self.month_cap is not None,
            told=told,
            as_read=lambda: folder.shard_parts() == self.parts,
        )


def _read(ledger: Ledger, folder: JobFolder, rekognition_url: str | None, max_cost: Decimal | None) -> _Reading:
    """Takes its time, for a month's cap is held to all jobs of the home here: none of that in a `turn`."""
    spec = folder.spec
    left = ledger.on_table(spec.job)
    parts = set_all_aside(folder)
    if not spec.options.again:
        sync(folder.home, folder.aws)  # this job's own parts too: a resumed one has duplicates of them
    tallies = costs.tally(folder)
    known = Counter(tallies.counters())
    retry = newest(folder)
    number, shards = (retry.number, retry.shards()) if retry else (0, [*range(spec.shards), *film_shards(spec.films)])
    missing = [n for n in shards if n not in parts or not parts[n].done(number)]
    base = {n: Counter(costs.shard_tally(folder, parts[n]).counters()) for n in missing if n in parts}
    if retry is not None:
        for shard in missing:
            again = _asked_again(folder, retry, parts[shard])
            known.subtract(again)
            base[shard].subtract(again)
    fields: dict[str, Any] = {"shards_done": len(shards) - len(missing), "retry": number}
    if spec.amended:
        fields["amended"] = spec.amended  # workers that had the job before open it anew
    if rekognition_url:
        fields["rekognition_url"] = rekognition_url
    if spec.s3_url:
        fields["home_s3_url"] = spec.s3_url
    fields["models"] = models_nanousd(spec, tallies)
    cap = max_cost if max_cost is not None else spec.options.max_cost
    on_aws = whose(spec) == AWS
    month_cap = read_home(folder.home, folder.aws).month_cap if on_aws else None
    schedule = None
    try:
        schedule = job_schedule(spec)
        fields |= schedule.so_far(spec.choices, tallies)
        fields["place"] = schedule.place
    except RekscanError:
        if cap is not None or month_cap is not None:
            raise
    if cap is not None:
        fields["cap"] = nanousd(cap)
    if on_aws:
        fields["purse"] = purse_of(folder.home)
    if month_cap is not None:
        hold(ledger, folder.home, folder.aws, month_cap, {spec.job: fields})
    return _Reading(parts, left, missing, base, {**fields, **known}, schedule, month_cap)


def _asked_again(folder: JobFolder, retry: Retry, parts: ShardParts) -> Counter[str]:
    """What the counters have of calls that a retry is still to ask."""
    done = _outcomes(folder, parts, retry.number)
    names = retry.names(parts.shard)
    return Counter(
        f"{counter}:{api}"
        for (item_id, api), outcome in _outcomes(folder, parts).items()
        for name in [f"{item_id}:{request}" for request in request_names(folder.spec.asked)]
        if name in names and api in name.partition(":")[2].split("+") and (item_id, api) not in done
        for counter in counted_as(*outcome)
    )


def _outcomes(
    folder: JobFolder, parts: ShardParts, retry: int | None = None
) -> dict[tuple[int, str], tuple[str, str | None]]:
    """Outcome and code of each call that has one."""
    table = facts(folder, parts, retry=retry, columns=COLUMNS)
    names = ("item_id", "api", "outcome", "code")
    rows = zip(*(table.column(name).to_pylist() for name in names), strict=True)
    return {(item_id, api): (outcome, code) for item_id, api, outcome, code in rows if outcome != OPEN}
