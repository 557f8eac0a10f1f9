"""A job's films as one worker process sees them: its folder, its slots and, for each API, the way of its calls."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.lean import methods
from jobs.codes import Code
from jobs.folder import JobFolder, JobSpec
from jobs.folder.films import FilmItem, pinned
from jobs.ledger import Ledger, Starts
from jobs.media.check import Skip
from jobs.places import BEGIN_TPS
from jobs.uris import is_local, split_s3
from jobs.video.made import place_of
from workers.config import WorkerConfig
from workers.gate.gate import Gate, Quota, Turnstile
from workers.videos.ask import FilmWay
from workers.videos.known import KnownFilms
from workers.videos.looks import Looks
from workers.videos.shown import Shown
from workers.videos.slots import Slots
from workers.videos.staging import Staging

_CONNECTIONS = 8


@dataclass(slots=True)
class FilmWork:
    folder: JobFolder
    ways: dict[str, FilmWay]  # by API
    slots: Slots
    records: Starts
    threads: ThreadPoolExecutor
    staging: Staging | None = None
    state: str = "running"  # of the job, as it was last seen
    door: asyncio.Lock = field(default_factory=asyncio.Lock)

    def keep(self, tokens: Iterable[str]) -> None:
        """The slots of these jobs are still taken; what others have learnt meanwhile is known here. May block."""
        taken = self.slots.keep(tokens)
        for way in self.ways.values():
            way.looks.open = taken or way.looks.open
            if shown := way.shown.all():
                way.looks.learn(shown)

    def close(self) -> None:
        self.threads.shutdown(wait=False)
        if self.staging is not None:
            self.staging.close()


def open_film_work(ledger: Ledger, gate: Gate, config: WorkerConfig, job: str) -> FilmWork:
    """Clients and ways for the films of a job. May block."""
    fields = ledger.fields(job)
    folder = JobFolder(fields["home"], job, config.aws(fields.get("home_s3_url")))
    spec = folder.spec
    aws = replace(
        folder.aws,
        region=spec.region,
        s3_url=spec.s3_url,
        rekognition_url=fields.get("rekognition_url") or spec.rekognition_url,
        requester_pays=spec.options.request_payer,
    )
    threads = ThreadPoolExecutor(_CONNECTIONS, thread_name_prefix="films")  # starts none unless boto3 makes the calls
    client = clients.rekognition(aws, connections=_CONNECTIONS, read_timeout=config.read_timeout)
    method = methods.methods(client, threads)
    most, hold = spec.options.video_jobs, int(config.video_hold_seconds * 1000)
    slots = Slots(ledger.redis, spec.account, spec.region, job, most, hold)
    records = Starts(ledger.redis)
    stage = place_of(spec, folder.aws)
    staging = Staging(stage, job) if stage else None
    known = KnownFilms(folder)
    freed = asyncio.Event()
    ways = {
        choice.api.name: FilmWay(
            choice,
            method(choice.api.operation),
            method(choice.api.answers),
            Turnstile(gate, _quota(spec, choice.api.operation), job),
            Turnstile(gate, gets := _quota(spec, choice.api.answers), job),
            spec.account,
            spec.region,
            spec.options.film_root,
            folder,
            slots,
            records,
            _Look(aws).look,
            Looks(config.video_look_seconds, gets.tps, most),
            Shown(ledger.redis, spec.account, spec.region, choice.api.operation),
            staging,
            known,
            freed,
            config.outage_seconds,
        )
        for choice in spec.video_apis
    }
    return FilmWork(folder, ways, slots, records, threads, staging)


def _quota(spec: JobSpec, operation: str) -> Quota:
    planned = spec.plan.quotas.operations.get(operation)
    exact = planned is not None and planned.source in ("--tps", "service-quotas")
    return Quota(spec.account, spec.region, operation, spec.quotas.get(operation, BEGIN_TPS), exact)


@dataclass(frozen=True, slots=True)
class _Look:
    aws: Aws

    def look(self, film: FilmItem) -> Skip | None:
        """Whether the object is another one by now. Where it cannot be looked at, AWS will say why."""
        if is_local(film.uri):
            same = pinned(film.uri) == film.content
            return None if same else Skip(Code.CHANGED, "it was replaced after it was listed")
        if film.etag is None:
            return None
        bucket, name = split_s3(film.uri)
        try:
            found: Any = clients.s3(self.aws).head_object(Bucket=bucket, Key=name)
        except (ClientError, BotoCoreError, OSError):
            return None
        if str(found["ETag"]).strip('"') == film.etag:
            return None
        return Skip(Code.CHANGED, "it was replaced after it was listed")
