"""A job as one worker process sees it: its folder and its lanes."""

import time
from dataclasses import dataclass, field

from jobs.apis import Request, requests
from jobs.folder import JobFolder, JobSpec
from workers import client
from workers.calls import Caller
from workers.config import WorkerConfig
from workers.gate import Gate, Quota, Turnstile
from workers.journal import Journal
from workers.lanes import Lanes
from workers.pictures import Pictures


@dataclass(slots=True)
class JobWork:
    folder: JobFolder
    lanes: Lanes
    users: int = 0
    idle_since: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        self.lanes.close()


def quota_of(spec: JobSpec, request: Request) -> Quota:
    tps = spec.quotas[request.operation]
    return Quota(spec.account, spec.region, request.operation, tps, exact=bool(spec.options.get("exact_tps")))


def open_work(folder: JobFolder, config: WorkerConfig, gate: Gate, journal: Journal, pictures: Pictures) -> JobWork:
    """Clients and lanes for a job, made once per process."""
    spec = folder.spec
    asked = requests(spec.apis)
    rekognition = client.rekognition(
        spec.region,
        endpoint_url=spec.rekognition_url,
        profile=config.profile,
        connections=config.threads * len(asked),
    )
    callers = [
        Caller(
            request,
            getattr(rekognition, client.method_name(request.operation)),
            pictures.for_request(spec, request),
            Turnstile(gate, quota_of(spec, request)),
            journal,
        )
        for request in asked
    ]
    return JobWork(folder, Lanes(callers, config.threads))
