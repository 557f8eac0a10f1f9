"""The roads of a job in one process: what makes its calls at each of its places, and at which rate."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from jobs.apis import Request
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.lean import methods
from jobs.folder import JobSpec
from jobs.places import BEGIN_TPS, Place
from workers.calls.proof import proving
from workers.calls.roads import Road
from workers.gate.gate import Gate, Quota, Turnstile


class JobRoads:
    """`threads`: where boto3's own calls wait. `connections` of each client at most."""

    def __init__(
        self, spec: JobSpec, aws: Aws, gate: Gate, threads: Executor, *, connections: int, read_timeout: float
    ) -> None:
        self._spec = spec
        self._gate = gate
        self._places: list[Place | None] = [None, *spec.places]
        made = partial(clients.rekognition, connections=connections, read_timeout=read_timeout)
        self._methods: dict[str | None, Callable[[str], methods.Method]] = {None: methods.methods(made(aws), threads)}
        for place in spec.places:
            way = replace(aws, region=place.region, profile=place.profile or aws.profile)
            self._methods[place.name] = methods.methods(made(way), threads)

    def of(self, request: Request) -> list[Road]:
        """Those of one request, that of the job's own place first."""
        return [self._road(request, place) for place in self._places if place is None or goes_to(place, request)]

    def _road(self, request: Request, place: Place | None) -> Road:
        name, region = (place.name, place.region) if place else (None, self._spec.region)
        method = proving(self._methods[name](request.operation), request)
        return Road(name, region, method, Turnstile(self._gate, quota_of(self._spec, request, place), self._spec.job))


def goes_to(place: Place, request: Request) -> bool:
    """Whether a place besides the job's own is asked for these APIs."""
    return request.operation in place.quotas and not any(choice.bound for choice in request.choices)


def quota_of(spec: JobSpec, request: Request, place: Place | None = None) -> Quota:
    """What the plan holds for the rate, at the job's own place or another. Named by the user or read from the account,
    it is never exceeded."""
    operation = request.operation
    if place is not None:
        exact = operation in place.exact
        return Quota(place.account, place.region, operation, place.quotas[operation] or BEGIN_TPS, exact)
    planned = spec.plan.quotas.operations.get(operation)
    exact = planned is not None and planned.source in ("--tps", "service-quotas")
    return Quota(spec.account, spec.region, operation, spec.quotas.get(operation, BEGIN_TPS), exact)
