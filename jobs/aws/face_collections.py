"""Face collections: what there is, what it holds, and its end; and what a job's APIs need to be there beforehand.

Rule: every call here is free (control.py), and any error becomes a RekscanError.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.apis import Choice, VideoChoice
from jobs.apis.base import Preparation
from jobs.aws.control import Refused, call
from jobs.errors import RekscanError


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


def _call(client: Any, operation: str, arguments: Mapping[str, Any], fine: tuple[str, ...] = ()) -> dict[str, Any]:
    """As `control.call`, and who names a collection is told where there are some."""
    try:
        return call(client, operation, arguments, fine)
    except Refused as refused:
        if refused.why != "ResourceNotFoundException" or "CollectionId" not in arguments:
            raise
        raise RekscanError(
            f"there is no face collection {arguments['CollectionId']!r}",
            "See `rekscan collections list`; --api index-faces:collection=NAME,create=true makes one.",
        ) from refused


def _pages(client: Any, operation: str, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        page = _call(client, operation, {**arguments, **({"NextToken": token} if token else {})})
        yield page
        token = page.get("NextToken")
        if not token:
            return
