"""A job as one worker process sees it: its folder and its lanes."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from redis import Redis

from jobs.apis import Request, requests
from jobs.apis.base import Limits
from jobs.aws import clients
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.known.keys import with_files
from jobs.media.check import Skip
from jobs.media.origins import Loaded
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Prepared, Preparer, new_store
from jobs.media.web import web_of
from jobs.uris import is_aws
from jobs.video.frames import FilmFrames, new_pool
from workers.calls.attempts import PaidWay, Way
from workers.calls.caller import Caller
from workers.calls.known import Known
from workers.calls.lanes import Lanes
from workers.calls.local_call import LocalWay
from workers.calls.roads import Roads
from workers.config import WorkerConfig, connect
from workers.gate.gate import Gate
from workers.journal.journal import Journal
from workers.local_models import LocalModels, cores, refuse_missing_models
from workers.open_files import calls_that_fit
from workers.shards.job_frames import JobFrames, new_runs
from workers.shards.job_roads import JobRoads

_PREPARING = 16  # threads of a lane that read and look at pictures
_CLAIMING = 8  # connections to Redis of the threads that look for known answers


@dataclass(slots=True)
class JobWork:
    folder: JobFolder
    lanes: Lanes
    redis: Redis  # for what is known
    users: int = 0
    idle_since: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        self.lanes.close()
        self.redis.close()


class ProcessPictures:
    """What decodes pictures and holds them, once per process, for all its jobs."""

    def __init__(self, config: WorkerConfig) -> None:
        self.pool = DecoderPool()
        self.store = new_store(config.in_flight_mb * 1_000_000)
        self.films = new_pool()
        self.runs = new_runs(config.in_flight_mb * 1_000_000 // 4)

    def close(self) -> None:
        self.pool.close()
        self.films.close()


def open_work(
    folder: JobFolder,
    config: WorkerConfig,
    gate: Gate,
    journal: Journal,
    pictures: "ProcessPictures",
    loop: asyncio.AbstractEventLoop,
    local: LocalModels,
    rekognition_url: str | None,
) -> JobWork:
    """Clients and lanes for a job, made once per process. `rekognition_url` overrides the one of job.json.

    Raises RekscanError where this host has no models for a job that asks `local` ones first.
    """
    spec = folder.spec
    if spec.first:
        refuse_missing_models()
    choices = with_files(spec.for_pictures, folder.read)
    redis = connect(config.redis_url, at_most=_CLAIMING)
    known = Known(folder, redis, choices)
    asked = requests(choices)
    ways = len(asked) * (1 + len(spec.places))  # each keeps the connections it has made
    at_once = calls_that_fit(config.calls, ways, _CLAIMING + _PREPARING * len(asked))
    aws = replace(
        folder.aws,
        region=spec.region,
        s3_url=spec.s3_url,
        rekognition_url=rekognition_url or spec.rekognition_url,
        requester_pays=spec.options.request_payer,
    )
    s3 = partial(clients.s3, aws, connections=_PREPARING * len(asked))
    ahead = ThreadPoolExecutor(1, thread_name_prefix="frames")  # starts none where there are none
    preparer = Preparer(
        pictures.pool,
        s3,
        web=web_of(spec.options.allow_private_urls),
        store=pictures.store,
        scope=spec.s3_url or "",
        aws=is_aws(spec.s3_url),
        region=spec.region if spec.s3_url is None else None,
        fit=spec.options.fit,
        peek=spec.options.peek,
        objects=not spec.options.request_payer,
        frames=_frames_of(folder, pictures, s3, ahead) if spec.options.frames else None,
    )
    boto3s = ThreadPoolExecutor(at_once, thread_name_prefix="boto3")  # starts none unless boto3 makes the calls
    roads = JobRoads(spec, aws, gate, boto3s, connections=at_once, read_timeout=config.read_timeout)
    preparing = [ThreadPoolExecutor(_PREPARING, thread_name_prefix=request.name) for request in asked]

    def way(request: Request) -> Way:
        if request.choices[0].api.local:
            return LocalWay(local)
        return PaidWay(Roads(roads.of(request), at_once, config.outage_seconds), journal, asyncio.Semaphore(at_once))

    def caller(request: Request, threads: Executor) -> Caller:
        api = request.choices[0].api
        sent = RequestPictures(preparer, api.limits, as_objects=not api.local)
        most = 2 * cores() if api.local else at_once
        return Caller(request, way(request), sent, journal, known, threads, at_once=most)

    callers = [caller(request, threads) for request, threads in zip(asked, preparing, strict=True)]
    return JobWork(folder, Lanes(callers, known, loop, [*preparing, ahead, boto3s]), redis)


def _frames_of(
    folder: JobFolder, pictures: ProcessPictures, s3: Callable[[], Any], ahead: Executor
) -> Callable[[Item], Loaded | Skip]:
    films = FilmFrames(pictures.films, s3, scope=folder.spec.s3_url or "")
    return JobFrames(folder, films, pictures.runs, ahead).load


@dataclass(frozen=True, slots=True)
class RequestPictures:
    """A preparer's pictures within the limits of one request. `as_objects`: who answers may read S3 itself."""

    preparer: Preparer
    limits: Limits
    as_objects: bool = True

    def prepare(self, item: Item, *, as_object: bool | None) -> Prepared | Skip:
        return self.preparer.prepare(item, self.limits, s3_allowed=self.as_objects, as_object=as_object)

    def bucket_region(self, item: Item) -> str | None:
        return self.preparer.bucket_region(item)

    def stays(self, item: Item) -> bool:
        return self.preparer.stays(item, self.limits)

    def may_block(self, item: Item) -> bool:
        return not self.as_objects or self.preparer.may_block(item, self.limits)
