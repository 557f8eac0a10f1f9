"""The status of a job that Redis knows."""

import shutil
from pathlib import Path

import orjson
from redis import Redis

from jobs.folder import JobFolder
from jobs.ledger import Ledger
from jobs.ledger.keys import key
from jobs.status import status_of
from tests.support.old_jobs import FIXTURES


def test_time_to_go_of_a_job_on_the_table_is_at_the_rate_since_it_was_put_there(redis: Redis, tmp_path: Path) -> None:
    home = shutil.copytree(FIXTURES / "interrupted" / "home", tmp_path / "home")
    folder = JobFolder(str(home), next(home.glob("*/job.json")).parent.name)
    ledger = Ledger(redis)
    ledger.open(
        folder.job, home=str(home), shards=range(3), fields={"ok:labels": 20, "ok:properties": 20, "ok:faces": 4}
    )
    assert status_of(folder, ledger).eta_by == "planned"
    since = orjson.loads(ledger.fields(folder.job)["since"])
    redis.hset(key(folder.job), "since", orjson.dumps({**since, "at": since["at"] - 100}))
    redis.hincrby(key(folder.job), "ok:faces", 2)
    found = status_of(folder, ledger)
    assert found.eta_by == "measured"
    assert found.eta_s is not None and found.eta_s >= (20 - 6) / (2 / 100)
