"""Whole scans as a user runs them: the command line in a process of its own, against an emulator that counts."""

import contextlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image
from redis import Redis

from jobs.apis import catalogue
from jobs.folder import JobFolder
from jobs.ledger.keys import key
from rekscan import cli
from tests.support import forks
from tests.support.redis import RedisServer
from tests.support.waiting import until
from workers.bell import QUEUE_KEY, UNACKED
from workers.config import connect

_LASTING = (
    "rekscan:{gate:",
    "rekscan:{slots:",
    key("workers"),
    key("reconciler"),
    key("celery"),
    key("turn"),
)  # of no one job


def make_photos(directory: Path, count: int, *, broken: int = 0, shade: int = 77) -> Path:
    """Small pictures that all differ, and files that are none. With another shade they differ from those."""
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture = Image.new("RGB", (96, 96), (number % 256, number // 256, shade))
        picture.putpixel((number % 96, 5), (255, 255, 255))
        picture.save(directory / f"photo-{number:04d}.jpg", quality=90)
    for number in range(broken):
        (directory / f"broken-{number:02d}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture " + bytes([number]))
    return directory


class Emulator:
    """`rekscan emulator` in a process of its own: `--engine fixed`, unless another is named. `first`: what that process
    calls before anything else."""

    def __init__(self, directory: Path, *arguments: str, first: Callable[[], None] | None = None) -> None:
        self._ready = directory / "emulator.url"
        self._arguments = arguments
        self._first = first
        self.start()

    def start(self, port: str = "0") -> None:
        self._ready.unlink(missing_ok=True)
        engine = () if "--engine" in self._arguments else ("--engine", "fixed")
        command = [sys.executable, "-m", "emulator", *engine, "--port", port]
        self.process = subprocess.Popen(
            [*command, "--ready-file", str(self._ready), *self._arguments],
            stdout=subprocess.DEVNULL,
            preexec_fn=self._first,
        )
        until(lambda: self._ready.exists() and self._ready.read_text().strip(), "the emulator is ready")
        self.url = self._ready.read_text().strip()

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    def counts(self) -> dict[str, dict[str, int]]:
        """Requests by operation and content, throttled and failed ones too."""
        return self._get("/admin/counts")["calls"]  # type: ignore[no-any-return]

    def billed(self) -> dict[str, dict[str, int]]:
        return self._get("/admin/counts")["billed"]  # type: ignore[no-any-return]

    def meters(self) -> dict[str, int]:
        """What it bills, by its own meters: pictures, and milliseconds of films."""
        return self._get("/admin/counts")["meters"]  # type: ignore[no-any-return]

    def regions(self) -> dict[str, dict[str, dict[str, int]]]:
        """What requests are signed for -> `calls`, `billed`, `objects`, by operation."""
        return self._get("/admin/counts")["regions"]  # type: ignore[no-any-return]

    def keys(self) -> dict[str, int]:
        """Requests by the id of the access key that signed them."""
        return self._get("/admin/counts")["keys"]  # type: ignore[no-any-return]

    def refused(self) -> int:
        """Requests it answered with an error."""
        errors = self._get("/admin/counts")["errors"]
        return sum(sum(by.values()) for by in errors.values())

    def total(self) -> int:
        return sum(sum(by.values()) for by in self.counts().values())

    def stands_still(self) -> int:
        """The number of requests once it no longer changes."""
        seen: list[int] = []

        def still() -> bool:
            seen.append(self.total())
            return len(seen) > 40 and len(set(seen[-40:])) == 1  # two seconds

        until(still, "no more requests come")
        return seen[-1]

    def reset(self) -> None:
        self._post("reset", b"")

    def set_faults(self, *faults: str) -> None:
        """Replace its faults by these, written as for --fault."""
        self._post("faults", json.dumps(faults).encode())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def _post(self, what: str, body: bytes) -> None:
        head = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/admin/{what}", body, head)).read()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)


@contextmanager
def emulator(directory: Path, *arguments: str, first: Callable[[], None] | None = None) -> Iterator[Emulator]:
    running = Emulator(directory, *arguments, first=first)
    try:
        yield running
    finally:
        running.stop()


def children_of(pid: int, what: str) -> list[int]:
    """Process ids of the children of `pid` whose command line has `what` in it."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            line = (stat.parent / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if parent == pid and what in line and not line.startswith(forks.NAME):
            found.append(int(stat.parent.name))
    return found


class Scan:
    """A `rekscan` command in a process group of its own."""

    def __init__(
        self,
        *arguments: str,
        home: Path,
        env: dict[str, str] | None = None,
        program: Sequence[str] = ("-m", "rekscan"),
    ) -> None:
        self.home = home
        log = home.parent / f"{home.name}.log"
        self.log = log
        handle, said = tempfile.mkstemp(dir=home.parent, prefix=f"{home.name}.out-")
        self._said = Path(said)  # no pipe: of a scan that is killed nobody closes it
        with log.open("ab") as output, os.fdopen(handle, "wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, *program, *arguments, "--home", str(home)],
                stdout=out,
                stderr=output,
                env={**os.environ, "AWS_REGION": "us-east-1", **(env or {})},
            )

    def wait(self, seconds: float = 150) -> tuple[int, str]:
        """Exit code and stdout."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill_everything()
            raise AssertionError(f"not done in {seconds} s\n{self.log.read_text()[-3000:]}") from None
        return self.process.returncode, self._said.read_text()

    def status(self) -> dict[str, Any]:
        code, out = self.wait()
        assert out, f"exit {code}\n{self.log.read_text()[-3000:]}"
        return json.loads(out)  # type: ignore[no-any-return]

    def children(self, what: str, of: int | None = None) -> list[int]:
        """Process ids of the children (of the process `of`) whose command line has `what` in it."""
        return children_of(of or self.process.pid, what)

    def kill_worker(self) -> int:
        pids = until(lambda: self.children("workers"), "a worker runs")
        os.kill(pids[0], signal.SIGKILL)
        return pids[0]

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()[0]

    def kill_everything(self) -> None:
        """As if the machine lost power: the scan and every process it started."""
        pids = self.children("")
        self.process.kill()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def look(*words: str, home: Path) -> Any:
    """What a command that starts no process says with --json, made in this process: a second less each."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as out, contextlib.redirect_stdout(out):
        code = cli.run([*words, "--json", "--home", str(home)])
        out.flush()
        said = out.buffer.getvalue()
    assert said, f"exit {code}"
    return json.loads(said)


@contextmanager
def workers(
    count: int, directory: Path, env: dict[str, str], *, program: str = "rekscan"
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """`rekscan worker` processes of a cluster; `env` names its Redis."""
    running = []
    with ExitStack() as stack:
        for number in range(count):
            log = stack.enter_context((directory / f"worker-{number}.log").open("wb"))
            command = [sys.executable, "-m", program, "worker"]
            running.append(subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log))
            stack.callback(running[-1].wait)
            stack.callback(running[-1].terminate)
        yield running


@dataclass(frozen=True)
class Tables:
    """The tables of a home's newest job."""

    folder: Path

    def rows(self, name: str, *without: str) -> list[dict[str, Any]]:
        table = pq.read_table(self.folder / "reports" / f"{name}.parquet")
        return table.drop_columns([c for c in without if c in table.column_names]).to_pylist()  # type: ignore[no-any-return]

    def spec(self) -> dict[str, Any]:
        return json.loads((self.folder / "job.json").read_text())  # type: ignore[no-any-return]

    def outcomes(self) -> list[dict[str, Any]]:
        folder = JobFolder(str(self.folder.parent), self.folder.name)
        return [row for files in folder.result_parts().values() for row in folder.result(files).to_pylist()]


@contextmanager
def limited(pids: Iterable[int], what: int, most: int) -> Iterator[None]:
    """A resource limit (`resource.RLIMIT_*`) of living processes, lifted at the end of the block."""
    before = {pid: resource.prlimit(pid, what) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, what, (most, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, what, limits)


def left_in_redis(home: Path) -> set[str]:
    """What the Redis of a home, stopped with its scan, still knows of jobs and messages."""
    directory = Path(tempfile.mkdtemp(prefix="rk"))
    shutil.copytree(home / ".rekscan", directory, dirs_exist_ok=True)
    server = RedisServer(directory)
    try:
        return kept_in(connect(server.url))
    finally:
        server.stop()


def kept_in(redis: Redis) -> set[str]:
    """Keys of jobs, and of messages under way; but for what names the last order to stop."""
    names = {name.decode() for name in redis.keys("*") if not name.endswith(b":order")}
    return {name for name in names if not name.startswith(_LASTING) or name in (QUEUE_KEY, UNACKED)}


def tables(home: Path) -> Tables:
    jobs = sorted(path.parent for path in home.glob("*/job.json"))
    return Tables(jobs[-1])


def same_tables(found: Tables, undisturbed: Tables, *names: str) -> None:
    """Row for row; what a call went through to its answer may differ, nothing else."""
    for name in names:  # the job of the first answer is another one, too
        assert found.rows(name, "since") == undisturbed.rows(name, "since"), name
    through = ("attempts", "maybe_billed")
    assert found.rows("failures", *through) == undisturbed.rows("failures", *through)


def asked_twice_is_marked(found: Tables, rekognition: Emulator) -> int:
    """Each request beyond one for a call is one that its rows own up to. How many are owned up to."""
    calls = requests_of_calls(found, rekognition)
    assert [call for call, (asked, row) in calls.items() if asked > 1 + row["maybe_billed"]] == []
    return sum(row["maybe_billed"] for _, row in calls.values())


def requests_of_calls(found: Tables, rekognition: Emulator) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    """(operation, SHA-256 of a picture) -> how often it was asked, and the row that owns up to most of it.

    APIs that share a call say the same; a picture that took another's answer asked nothing.
    """
    asked = rekognition.counts()
    calls: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
    for row in found.outcomes():
        operation, content = catalogue()[row["api"]].operation, (row["content"] or "").removeprefix("sha256:")
        before = calls.get((operation, content))
        if before is None or row["maybe_billed"] >= before[1]["maybe_billed"]:
            calls[operation, content] = (asked.get(operation, {}).get(content, 0), row)
    return calls


def whole(scan: Scan, rekognition: Emulator, undisturbed: Tables, *names: str) -> int:
    """A local scan ends with the undisturbed run's tables, owns up to all it asked twice, and leaves nothing in Redis.
    How many calls it owned up to."""
    status = scan.status()
    assert status["state"] == "finished", status
    found = tables(scan.home)
    same_tables(found, undisturbed, *names)
    assert left_in_redis(scan.home) == {key(found.folder.name)}
    return asked_twice_is_marked(found, rekognition)


def only_counters_are_left(redis: Any, found: Tables) -> None:
    """Of a job that is over; its place in the list of jobs, and messages nobody needs any more, go within seconds."""
    until(lambda: kept_in(redis) == {key(found.folder.name)}, "only the counters are left")
