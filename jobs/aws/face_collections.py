"""Face collections: what there is, what it holds, and its end; and what a job's APIs need to be there beforehand.

Rule: every call here is free. Throttles are waited out, since the control plane allows five calls a second (quotas of
the Rekognition endpoints page); any other error becomes a RekscanError.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from jobs.apis import Choice, VideoChoice
from jobs.apis.base import Preparation
from jobs.aws.clients import method_name
from jobs.aws.faults import Fault, Kind, understand
from jobs.errors import RekscanError

TRIES = {Kind.THROTTLED: 10, Kind.TRANSIENT: 3, Kind.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    faces: int  # face vectors stored
    users: int  # user vectors stored
    model_version: str | None
    created_at: datetime | None  # aware
    arn: str | None


@dataclass(frozen=True, slots=True)
class StoredFace:
    face_id: str
    image_id: str | None
    external_image_id: str | None
    confidence: float | None


def names(client: Any) -> Iterator[str]:
    """The names of all collections of the account in the client's Region."""
    for page in _pages(client, "ListCollections", {}):
        yield from page.get("CollectionIds") or ()


def describe(client: Any, name: str) -> Collection:
    """One collection. Raises RekscanError if there is none of that name."""
    answer = _call(client, "DescribeCollection", {"CollectionId": name})
    return Collection(
        name,
        int(answer.get("FaceCount") or 0),
        int(answer.get("UserCount") or 0),
        answer.get("FaceModelVersion"),
        answer.get("CreationTimestamp"),
        answer.get("CollectionARN"),
    )


def faces(client: Any, name: str) -> Iterator[StoredFace]:
    """The faces of a collection. Raises RekscanError if there is none of that name."""
    for page in _pages(client, "ListFaces", {"CollectionId": name}):
        for face in page.get("Faces") or ():
            get = face.get
            yield StoredFace(face["FaceId"], get("ImageId"), get("ExternalImageId"), get("Confidence"))


def delete(client: Any, name: str) -> None:
    """Delete a collection with all its faces. Raises RekscanError if there is none of that name."""
    _call(client, "DeleteCollection", {"CollectionId": name})


def make_ready(client: Any, choices: Iterable[Choice | VideoChoice]) -> None:
    """Do what the APIs of a scan need before their first paid call (`Api.prepare`), each thing once.

    Raises RekscanError if it cannot be done, as for a collection that is not there.
    """
    done: list[Preparation] = []
    for choice in choices:
        for step in choice.api.prepare(choice.params):
            if step not in done:
                _call(client, step.operation, step.arguments, fine=step.fine)
                done.append(step)


class _Wait(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _pages(client: Any, operation: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        page = _call(client, operation, {**arguments, **({"NextToken": token} if token else {})})
        yield page
        token = page.get("NextToken")
        if not token:
            return


def _call(client: Any, operation: str, arguments: Any, fine: tuple[str, ...] = ()) -> dict[str, Any]:
    """The answer; empty where the error is one that means "already so"."""
    method = getattr(client, method_name(operation))
    tries = Retrying(
        retry=retry_if_exception_type(_Wait),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=_enough,
        reraise=True,
    )
    try:
        return tries(_attempt, method, operation, arguments, fine)
    except _Wait as waited:
        raise _refused(waited.fault, operation, arguments) from waited


def _enough(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, _Wait) and state.attempt_number >= TRIES[error.fault.kind]


def _attempt(method: Any, operation: str, arguments: Any, fine: tuple[str, ...]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = method(**arguments)
    except (BotoCoreError, ClientError) as error:
        fault = understand(error, operation)
        if fault.code in fine:
            return {}
        if fault.kind in TRIES:
            raise _Wait(fault) from error
        raise _refused(fault, operation, arguments) from error
    return answer


def _refused(fault: Fault, operation: str, arguments: Any) -> RekscanError:
    name = arguments.get("CollectionId")
    if fault.code == "ResourceNotFoundException" and name:
        return RekscanError(
            f"there is no face collection {name!r}",
            "See `rekscan collections list`; --api index-faces:collection=NAME,create=true makes one.",
        )
    do = fault.do.replace(", then resume the job", "") or "Try again, or see `rekscan doctor`."
    return RekscanError(f"{operation} failed: {fault.code}: {fault.message}", do)
