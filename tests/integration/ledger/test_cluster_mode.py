"""Every script on a Valkey in cluster mode: it refuses keys of two slots. Of one slot it lets a script touch any key,
so here each script runs as a user who may touch the keys it declares and no other."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from jobs.known.keys import content_id
from jobs.ledger import FIRST_OF_FILMS, LAST_STEP, Attempt, Lease, Ledger, NotLeased, Purse, Start, Starts
from jobs.ledger.claims import Claims
from jobs.ledger.keys import key
from jobs.ledger.ledger import script
from jobs.ledger.starts import Asking, Came
from tests.support.redis import RedisServer, free_port
from tests.support.waiting import until
from workers.gate.gate import Gate, Quota, policy
from workers.reconcile import beat, leave, reconcile, slots
from workers.videos.slots import Slots
from workers.videos.slots import policy as slots_policy

JOB = "20261123-000000-abcd"
STEPS = {"m1": [[0, 10, 0], [3, 4, 30]]}
PACKAGES = ("workers.gate", "workers.videos")
LASTING = (b"rekscan:{gate:", b"rekscan:{slots:", b"rekscan:{purse:")  # of no one job
SCHEDULE = {"first": "2026-11", "meters": STEPS, "later": STEPS, "requests": {"a": {"m1": 1}}}


class Declared(Redis):  # type: ignore[type-arg]
    """A client whose scripts may touch the keys they declare only. `ran`: the SHA-1 of those that ran."""

    def __init__(self, path: str) -> None:
        super().__init__(unix_socket_path=path)
        self.ran: set[str] = set()
        self.acl_setuser("script", enabled=True, nopass=True, reset=True)
        self._narrow = Redis(unix_socket_path=path, username="script", password="")

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] not in ("EVAL", "EVALSHA"):
            return super().execute_command(*args, **options)
        declared = [f"~{name}" for name in args[3 : 3 + int(args[2])]]
        super().execute_command("ACL", "SETUSER", "script", "resetkeys", "+@all", *declared)
        answer = self._narrow.execute_command(*args, **options)
        self.ran.add(args[1])
        return answer


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisServer]:
    """One node with all slots."""
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()), "--bind", "127.0.0.1")
    server = RedisServer(Path(tempfile.mkdtemp(prefix="rk")), *options)
    client = Redis.from_url(server.url)
    client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    until(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), "the cluster is up")
    yield server
    server.stop()


@pytest.fixture
def redis(cluster: RedisServer) -> Iterator[Declared]:
    client = Declared(cluster.url.removeprefix("unix://"))
    client.flushall()
    client.config_resetstat()
    yield client
    client.close()


def held(ledger: Ledger, shard: int) -> Lease:
    lease = ledger.lease(JOB, shard)
    assert isinstance(lease, Lease)
    return lease


def words(ledger: Ledger, lease: Lease, *calls: tuple[str, int]) -> list[str]:
    return [word.decode().partition(" ")[0] for word in ledger.begin(lease, [(call, "a", n) for call, n in calls])]


def a_job_from_its_first_shard_to_its_last_step(redis: Declared) -> None:
    ledger = Ledger(redis, lease_ms=60_000)
    ledger.open(JOB, home="/nowhere", shards=range(3), fields={"shards_done": 0, "cap": 42}, prices=SCHEDULE)
    ledger.charge(JOB, 0)
    beat(ledger, "worker", 1)
    rung: list[int] = []
    assert slots(ledger) == 1
    assert reconcile(ledger, lambda _, shard: rung.append(shard))
    assert rung == [0, 1]
    ledger.reap(JOB, lost_after_ms=-1)  # both messages are lost
    first = held(ledger, 0)
    assert ledger.lease(JOB, 0) == NotLeased("leased")
    assert ledger.lease(JOB, 1, share=1) == NotLeased("share")
    assert ledger.renew(JOB, [first]) == ("running", {first: True})
    assert words(ledger, first, ("0:a", 1), ("1:a", 1), ("2:a", 1)) == ["go"] * 3
    throttled = Attempt("1:a", "a", 1, "t", b"", "throttled:a")
    ledger.settle(first, [Attempt("0:a", "a", 1, "b", b"answer", "ok:a"), throttled, Attempt("2:a", "a", 1, "u")])
    assert ledger.suspect(first, "1:a") == 1
    ledger.clear_of_suspicion(first, "1:a")
    assert ledger.release(first)
    lapsing = Ledger(redis, lease_ms=1)
    assert isinstance(lapsing.lease(JOB, 0), Lease)
    until(lambda: ledger.reap(JOB), "the lease lapses")
    again = held(ledger, 0)
    intents, answers = ledger.adopt(again)
    marks = {call: [one.mark for one in by_api["a"].tried.values()] for call, by_api in intents.items()}
    assert (marks, answers) == ({"0:a": ["b"], "1:a": ["t"], "2:a": ["u"]}, {"0:a": b"answer"})
    assert words(ledger, again, ("1:a", 1), ("3:a", 1), ("4:a", 1)) == ["go", "go", "go"]
    assert words(ledger, again, ("5:a", 1), ("6:a", 1)) == ["go", "wait"]
    attempts = [("1:a", 1), ("3:a", 1), ("4:a", 1), ("5:a", 1)]
    ledger.settle(again, [Attempt(call, "a", number, "b", b"x", "ok:a") for call, number in attempts])
    assert words(ledger, again, ("6:a", 1)) == ["incomplete"]
    told = {name.rpartition(":20")[0] or name: n for name, n in ledger.progress(JOB).items()}
    assert told == {"ok:a": 5, "throttled:a": 1, "units:a": 5, "maybe_billed:a": 1}
    assert ledger.finish(again, {"ok:a": 5})
    assert ledger.feed(JOB, 5) == [LAST_STEP]
    last = held(ledger, LAST_STEP)
    assert ledger.live() == [JOB]
    assert ledger.journals(JOB) == [LAST_STEP]
    assert ledger.adopt(last, 0) == ({}, {})
    assert ledger.order(JOB, "cancelled")
    assert ledger.told(JOB).startswith("cancelled ")
    ledger.close(JOB, "incomplete", {"ok:a": 5})
    assert ledger.live() == []
    leave(ledger, "worker", 1)


def films_from_their_shard_to_the_last_step(redis: Declared) -> None:
    ledger, starts = Ledger(redis), Starts(redis)
    ledger.open(JOB, home="/nowhere", shards=[FIRST_OF_FILMS], fields={"cap": 42}, prices=SCHEDULE)
    assert ledger.feed(JOB, 5) == []
    assert ledger.films_left(JOB, 5) == [FIRST_OF_FILMS]
    lease = held(ledger, FIRST_OF_FILMS)
    assert ledger.renew(JOB, [lease]) == ("running", {lease: True})
    begun = starts.begin(lease, Asking("7:a", "a", 4, 0, "token"))
    assert isinstance(begun, Start)
    assert starts.begin(lease, Asking("8:a", "a", 4, 0, "another")) == "wait"
    assert starts.settle(lease, Came("7:a", "a", replace(begun, job_id="job")))
    assert starts.settle(lease, Came("7:a", "a", replace(begun, mark="b", ms=3, job_id="job"), b"answer", {"ok:a": 1}))
    assert starts.adopt(lease) == ({"7:a": replace(begun, mark="b", ms=3, job_id="job")}, {"7:a": b"answer"})
    assert starts.begin(lease, Asking("8:a", "a", 4, 0, "another")) == "incomplete"
    assert ledger.finish(lease, {"ok:a": 1})
    assert ledger.feed(JOB, 5) == [LAST_STEP]
    slots = Slots(redis, "123456789012", "us-east-1", JOB, 1, 1000)
    assert (slots.take("token"), slots.take("another")) == (True, False)
    ledger.close(JOB, "finished", {})


def items_with_one_content(redis: Declared) -> None:
    ledger, claims = Ledger(redis), Claims(redis, JOB, shard_size=10, candidates=1000)
    same = content_id("sha256:same")
    ledger.open(JOB, home="/nowhere", shards=range(4), fields={})
    first, second = held(ledger, 0), held(ledger, 1)
    assert claims.claim(same, 3, "a").word == "mine"
    assert claims.claim(same, 17, "a").word == "held"
    ledger.settle(first, [Attempt("3:a", "a", 1, "", b"an answer")])
    assert claims.claim(same, 17, "a").data == b"an answer"
    assert claims.claim(same, 17, "a", instead_of=3).word == "mine"
    assert claims.claim(same, 25, "a").owner == 17
    assert ledger.finish(second, {})
    assert claims.claim(same, 25, "a").word == "done"
    ledger.release(first)
    assert claims.claim(same, 25, "b").word == "mine"
    ledger.close(JOB, "cancelled", {})


def a_quota(redis: Declared) -> None:
    gate, quota = Gate(redis), Quota("123456789012", "us-east-1", "DetectLabels", 50.0, exact=True)
    block = gate.take(quota, JOB, "turnstile")
    gate.take(quota, "another-job", "turnstile")
    assert gate.throttled(quota, block.ticket)


def a_months_cap(redis: Declared) -> None:
    """What spends from it is given its key besides the job's (`docs/adr/0016-the-months-purse.md`)."""
    purse = Purse(redis, "/nowhere")
    assert purse.fill(0, 1, units={"2026-11 place m1": 1})
    purse.empty()


def test_every_script_keeps_to_the_keys_it_declares_which_are_in_one_slot(redis: Declared) -> None:
    a_job_from_its_first_shard_to_its_last_step(redis)
    films_from_their_shard_to_the_last_step(redis)
    items_with_one_content(redis)
    a_quota(redis)
    a_months_cap(redis)
    folder = files("jobs.ledger")
    found = {file.name.removesuffix(".lua") for file in folder.iterdir() if file.name.endswith(".lua")}
    of_ledger = {name: script(name) for name in found}
    texts = [*of_ledger.values(), policy(), slots_policy()]
    ran = [text for text in texts if hashlib.sha1(text.encode()).hexdigest() in redis.ran]
    written = [*(folder.joinpath(f"{name}.lua") for name in found)]
    written += [file for package in PACKAGES for file in files(package).iterdir() if file.name.endswith(".lua")]
    left_out = [file.name for file in written if not any(file.read_text() in text for text in ran)]
    assert left_out == []
    assert not {"cmdstat_scan", "cmdstat_keys"} & set(redis.info("commandstats"))  # nothing looks at all keys there are
    kept = {name.decode() for name in redis.keys("*") if not name.startswith(LASTING)}
    assert kept == {key(JOB), key(JOB, "order"), key("reconciler")}
    assert redis.ttl(key(JOB, "order")) > 0


@pytest.mark.parametrize(
    "text", ["redis.call('GET', KEYS[1] .. ':more')", "local a, b = redis.call('GET', KEYS[1]), redis.call('GET', 'b')"]
)
def test_a_script_that_touches_another_key_is_refused(redis: Declared, text: str) -> None:
    with pytest.raises(ResponseError, match=r"ACL failure in script"):
        redis.eval(f"{text} return 1", 1, key(JOB))


def test_keys_of_two_jobs_are_never_of_one_script(redis: Declared) -> None:
    with pytest.raises(ResponseError, match="same slot"):
        redis.eval("return 1", 2, key(JOB), key("20261123-000000-abce"))


@pytest.mark.parametrize("package", ["jobs.ledger", *PACKAGES])
def test_scripts_name_their_keys_and_nothing_after_that_goes_by_number(package: str) -> None:
    for file in files(package).iterdir():
        if file.name.endswith(".lua") and file.name not in (
            "attempts.lua",
            "cost.lua",
            "doubt.lua",
            "health.lua",
            "clock.lua",
        ):  # put in front of others
            text = file.read_text()
            named = text.count("= unpack(KEYS)\n") + text.count("= {unpack(KEYS)}\n")
            assert text.count("KEYS") == named == 1, file.name
