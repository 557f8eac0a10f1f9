"""What the month's cap of a home counts: folders of jobs that do not run, the ledger of those that do, whatever Redis
has forgotten meanwhile. Jobs are put on the table for real; who makes their calls is the test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from redis import Redis

from jobs.apis import ask
from jobs.costs.month_cap import month_cap
from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec
from jobs.folder.home import HomeSettings, write_home
from jobs.folder.spec import Options
from jobs.ledger import Attempt, Lease, Ledger, purse_key
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.outcomes import Outcome
from jobs.plan.build import Counts, plan
from rekscan.scans.month_cap import set_cap
from rekscan.scans.open import open_job
from rekscan.settings import resolve
from tests.support.redis import RedisServer

CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n"
NOVEMBER, DECEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
PRICES = PriceTable.bundled()


@pytest.fixture
def ledger(redis: "Redis[bytes]") -> Ledger:
    is_now(redis, NOVEMBER)
    return Ledger(redis, clock=CLOCK)


def is_now(redis: "Redis[bytes]", when: datetime) -> None:
    redis.set("clock", int(when.timestamp() * 1000))


def home(tmp_path: Path, cap: str | None = None) -> str:
    if cap is not None:
        write_home(str(tmp_path), HomeSettings(Decimal(cap)))
    return str(tmp_path)


def job(
    tmp_path: Path, name: str, *, images: int = 100, paid: int = 0, when: datetime = NOVEMBER, **more: object
) -> JobFolder:
    """A job of which so many calls were answered at that time, a cent for ten."""
    asked = ask(["labels"])
    built = plan(
        asked.images, Counts(images=100), region="us-east-1", prices=PRICES, quotas=QuotaTable.bundled(),
        start=date(2026, 11, 30),
    )  # fmt: skip
    spec = JobSpec(
        f"20261130-120000-{name}", NOVEMBER.isoformat(), ("/photos",), asked.images, "us-east-1", "123456789012", 100,
        200, {}, built.document(), built.prices.to_json(),
    )  # fmt: skip
    folder = JobFolder(str(tmp_path), spec.job)
    folder.create(replace(spec, **more))  # type: ignore[arg-type]
    answered(folder, range(paid), when)
    return folder


def answered(folder: JobFolder, items: range, when: datetime = NOVEMBER, *, holder: str = "k3f9x2ab0q") -> None:
    if rows := [Outcome(n, "labels", "ok", attempts=1, units=1, started_at=when, sent="bytes") for n in items]:
        folder.commit(0, rows, holder=holder)


def held(ledger: Ledger, folder: JobFolder) -> Lease:
    open_job(ledger, folder)
    lease = ledger.lease(folder.job, 0)
    assert isinstance(lease, Lease)
    return lease


def spends(ledger: Ledger, lease: Lease, calls: int, *, since: int = 1000) -> int:
    """How many of so many calls are let through; all are billed."""
    words = ledger.begin(lease, [(f"{n}:labels", "labels", 1) for n in range(since, since + calls)])
    begun = [since + n for n, word in enumerate(words) if word.startswith(b"go ")]
    ledger.settle(lease, [Attempt(f"{n}:labels", "labels", 1, "b", b"x") for n in begun])
    if len(begun) < calls:
        assert ledger.begin(lease, [("1:labels", "labels", 1)]) == [b"incomplete"]
        assert ledger.fields(lease.job)["reason"] == "month-cap"
    return len(begun)


def left(ledger: Ledger, at: str, month: str = "2026-11") -> Decimal:
    found = month_cap(at, None, ledger, month)
    assert found is not None
    return found.left


def test_it_is_rebuilt_from_the_folders_where_redis_was_wiped(
    redis: "Redis[bytes]", ledger: Ledger, tmp_path: Path
) -> None:
    at = home(tmp_path, "0.05")
    job(tmp_path, "aaaa", paid=20)
    job(tmp_path, "bbbb", paid=15, rekognition_url="http://127.0.0.1:1")  # another's answers
    job(tmp_path, "cccc", paid=9, options=Options(local=True))
    job(tmp_path, "dddd", paid=12, when=datetime(2026, 10, 31, tzinfo=UTC))
    last = job(tmp_path, "eeee", paid=10)
    assert spends(ledger, held(ledger, last), 30) == 20
    assert left(ledger, at) == 0
    redis.flushall()
    is_now(redis, NOVEMBER)
    assert left(ledger, at) == Decimal("0.02")  # what only Redis knew is lost, as of every cap
    assert spends(ledger, held(ledger, last), 30) == 20


def test_jobs_at_once_share_it_and_one_that_ended_stays_counted(ledger: Ledger, tmp_path: Path) -> None:
    home(tmp_path, "0.05")
    one, two, three = (job(tmp_path, name) for name in ("aaaa", "bbbb", "cccc"))
    first, second = held(ledger, one), held(ledger, two)
    assert (spends(ledger, first, 20), spends(ledger, second, 10)) == (20, 10)
    ledger.close(two.job, "cancelled", {})
    assert spends(ledger, held(ledger, three), 30) == 20


def test_a_cap_that_comes_or_changes_binds_the_jobs_that_run(
    redis_server: RedisServer, ledger: Ledger, tmp_path: Path
) -> None:
    settings = resolve(home=str(tmp_path), redis_url=redis_server.url)
    folder = job(tmp_path, "aaaa")
    lease = held(ledger, folder)
    assert spends(ledger, lease, 20) == 20
    set_cap(settings, Decimal("0.03"))
    assert spends(ledger, lease, 30, since=2000) == 10
    set_cap(settings, Decimal("0.035"))
    open_job(ledger, folder)
    assert spends(ledger, lease, 30, since=3000) == 5
    set_cap(settings, None)
    open_job(ledger, folder)
    assert spends(ledger, lease, 20, since=4000) == 20


def test_a_job_that_it_stopped_goes_on_in_the_next_month(redis: "Redis[bytes]", ledger: Ledger, tmp_path: Path) -> None:
    at = home(tmp_path, "0.02")
    folder = job(tmp_path, "aaaa", paid=15)
    assert spends(ledger, held(ledger, folder), 30) == 5
    ledger.close(folder.job, "incomplete", {})
    is_now(redis, DECEMBER)
    assert spends(ledger, held(ledger, folder), 30) == 20
    assert left(ledger, at, "2026-12") == 0


def test_a_price_that_is_not_known_is_refused_under_it_and_counts_nothing(ledger: Ledger, tmp_path: Path) -> None:
    unpriced = job(tmp_path, "aaaa", paid=10, region="xx-nowhere-1")
    open_job(ledger, unpriced)
    ledger.close(unpriced.job, "cancelled", {})
    at = home(tmp_path, "0.05")
    assert left(ledger, at) == Decimal("0.05")
    with pytest.raises(RekscanError, match="a cap cannot be held"):
        open_job(ledger, unpriced)


def test_without_a_cap_nothing_is_kept_of_it(redis: "Redis[bytes]", ledger: Ledger, tmp_path: Path) -> None:
    lease = held(ledger, job(tmp_path, "aaaa"))
    assert spends(ledger, lease, 20) == 20
    assert set(redis.hgetall(purse_key(str(tmp_path)))) == {b"version"}


def test_what_a_forgotten_holder_brings_while_a_job_is_put_on_the_table_counts_too(
    tmp_path: Path, ledger: Ledger
) -> None:
    folder = job(tmp_path, "aaaa", paid=10)

    @contextmanager
    def thawed() -> Iterator[None]:
        """The folder has been read; then somebody who was frozen when Redis was wiped lets go of the shard."""
        answered(folder, range(10, 15), holder="m4q8")
        yield

    home(tmp_path, "0.02")
    open_job(ledger, folder, turn=thawed())
    assert ledger.progress(folder.job)["ok:labels"] == 15
    lease = ledger.lease(folder.job, 0)
    assert isinstance(lease, Lease)
    assert spends(ledger, lease, 30) == 5
