"""Where a command finds a job: its folder, and the ledger when a Redis that knows it can be reached."""

import hashlib
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.later import Later
from jobs.money.stored import data_folder
from jobs.redact import shown_url
from jobs.status import INTERRUPTED
from rekscan.console.output import say
from rekscan.ending import in_order
from rekscan.scans.models_left import warn_of_models
from rekscan.settings import Settings
from workers.config import WorkerConfig, connect, refuse_cluster
from workers.supervisor import Supervisor, local_redis_url

if TYPE_CHECKING:
    import redis

    from jobs import ledger as ledgers
    from jobs.ledger import Ledger, server
    from workers import app
else:  # a look at jobs needs them where one runs; Celery, where one is put on the table
    redis, ledgers = Later("redis"), Later("jobs.ledger")
    server, app = Later("jobs.ledger.server"), Later("workers.app")


def find(settings: Settings, job: str | None) -> JobFolder:
    """The folder of a job; without a name, of the newest one of the home. Raises RekscanError when there is none."""
    if job is None or job == "last":
        names = list_jobs(settings.home, settings.aws)
        if not names:
            raise RekscanError(
                f"there is no job in {settings.home}", "Start one with `rekscan scan SOURCE --api labels`."
            )
        job = names[-1]
    folder = JobFolder(settings.home, job, settings.aws)
    _ = folder.spec  # raises when there is no such job
    return folder


def ledger(settings: Settings) -> "Ledger | None":
    """The ledger of the cluster, or of the scan that runs on this machine; None when nothing runs here.

    Raises RekscanError when a configured Redis does not answer.
    """
    url = settings.redis_url or local_redis_url(settings.home)
    if url is None:
        return None
    found = ledgers.Ledger(connect(url))
    try:
        refuse_cluster(found.redis, shown_url(url))
    except (redis.RedisError, OSError) as error:
        why = server.explain(error)
        raise RekscanError(why.what.replace("Redis", f"Redis at {shown_url(url)}", 1), why.do) from None
    _hang_the_bell(url)
    return found


def ledger_for_a_job(settings: Settings) -> "Ledger | None":
    """As `ledger`, for a job that is to be put on the table.

    Raises RekscanError when nothing can be written there.
    """
    found = ledger(settings)
    if found is not None and (why := server.trouble(found.redis)) is not None:
        if why.stops:
            raise RekscanError(why.what, why.do)
        warn_of(why)
    warn_of_models(settings, found)
    return found


def warn_of(why: "server.Trouble | None") -> None:
    """What a Redis cannot do, on the screen."""
    if why is not None:
        say((str(why), "yellow"))


def _hang_the_bell(url: str) -> None:
    app.configure(url)


def local_scan_is_gone(settings: Settings) -> bool:
    """Whether no scan runs on this machine for the home, where no cluster is named."""
    return settings.redis_url is None and local_redis_url(settings.home) is None


_LOCAL_CALLS = 4
_LOCAL_LOOK = 1.0  # seconds until a film is first looked at


def worker_config(settings: Settings, redis_url: str) -> WorkerConfig:
    """What the settings say of a worker."""
    return WorkerConfig(redis_url=redis_url, profile=settings.aws.profile, region=settings.region, **settings.limits())


def _leave_alone(records: "Ledger", job: str) -> bool:
    """A job that nobody follows here waits for its own `resume`. Whether it ran."""
    ran = records.fields(job).get("state") == "running"
    if ran:
        records.set_state(job, "paused", reason=INTERRUPTED, do=f"`rekscan resume {job}` goes on.")
    return ran


def logs(settings: Settings) -> Path | None:
    """Where servers and workers that a scan starts here write what they have to say; None: nowhere but stderr.

    For a home on S3 a folder of this machine's own, since stdout is for results.
    """
    if not settings.home.startswith("s3://"):
        return Path(settings.home) / ".rekscan" / "logs"
    folder = data_folder() / "logs" / hashlib.sha256(settings.home.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


class Engine(AbstractContextManager["Engine"]):
    """What runs a job: the cluster behind `--redis-url`, or servers and workers started on this machine for it."""

    def __init__(self, settings: Settings, *, local: bool) -> None:
        self.settings = settings
        self.local = local
        self.supervisor = None if settings.redis_url else Supervisor(settings.home, logs=logs(settings))
        self.rekognition_url: str | None = None
        self._ledger: Ledger | None = None
        self._url = ""  # of the Redis that was started

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.supervisor is not None:
            with in_order():
                self.supervisor.stop()

    @property
    def ledger(self) -> "Ledger":
        if self._ledger is None:
            raise RuntimeError("the engine has not started")
        return self._ledger

    def reach(self) -> "Ledger":
        """The ledger, in the cluster's Redis or in one that is started."""
        if self._ledger is None and self.supervisor is None:
            self._ledger = ledger(self.settings)
            assert self._ledger is not None  # redis_url is set
        elif self._ledger is None and self.supervisor is not None:
            self._url = self.supervisor.redis()
            _hang_the_bell(self._url)
            self._ledger = ledgers.Ledger(connect(self._url))
        return self.ledger

    def start(self, spec: JobSpec) -> "Ledger":
        """Everything a job needs, running. A local job gets the emulator; a cluster must have its own."""
        settings, found = self.settings, self.reach()
        runs = found.is_live(spec.job) and found.fields(spec.job).get("state") == "running"
        if self.supervisor is not None or not runs:
            self.rekognition_url = settings.rekognition_url  # set: it overrides the one of job.json
        if self.supervisor is None:
            return found
        if self.supervisor.first:
            for other in found.live():  # of scans that were killed
                if other != spec.job and _leave_alone(found, other):
                    say(
                        f"Job {other} was killed while it ran: answers that its folder has not yet are not known here."
                        f" `rekscan resume {other}` comes first if they have pictures in common."
                    )
        if self.local and self.rekognition_url is None:
            files = spec.options.film_root
            if spec.options.made:
                Path(spec.options.made).mkdir(mode=0o700, parents=True, exist_ok=True)
            self.rekognition_url = self.supervisor.emulator(
                s3_url=spec.s3_url, profile=settings.aws.profile, files=files
            )
        config = worker_config(settings, self._url)
        if self.local:  # the emulator answers one picture a core; more would only wait in line, also at Ctrl-C
            look = min(config.video_look_seconds, _LOCAL_LOOK)
            config = config.model_copy(update={"calls": min(config.calls, _LOCAL_CALLS), "video_look_seconds": look})
        self.supervisor.workers(config, settings.workers)
        return found

    def let_go(self, job: str) -> None:
        """The user interrupts a local job: workers of another scan of the home must not go on with it."""
        if self.supervisor is not None and self._ledger is not None:
            with suppress(redis.RedisError):
                _leave_alone(self._ledger, job)

    def tend(self) -> None:
        if self.supervisor is not None:
            self.supervisor.tend()
