"""What AWS must allow: the IAM actions of each source, home, API and command, for docs/permissions.md.

Rule: the page says what is asked and nothing else: tests compare it with what S3 and Rekognition were asked.
Source of an operation's action and resource: the Service Authorization Reference (Amazon S3, Amazon Rekognition).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.apis import catalogue, video_catalogue
from jobs.apis.base import TO_RUN, Api, VideoApi
from jobs.items import Item

_COLLECTION = "arn:aws:rekognition:REGION:ACCOUNT:collection/NAME"
# A policy cannot name a collection that is not there yet, nor a project by the ARN of its version.
_OF_NOTHING = frozenset(("CreateCollection", "DescribeProjects", "DescribeProjectVersions"))
_MODEL = "the model's ARN"
_ITEM = Item(0, "s3://bucket/key", "image")


@dataclass(frozen=True, slots=True)
class Need:
    action: str
    on: str  # a resource of a policy, in words


LISTED = Need("s3:ListBucket", "the bucket")
READ = Need("s3:GetObject", "the objects below the prefix")

# By kind of source: what listing and reading it need. Rekognition reads an object with the rights of its caller.
SOURCES: Mapping[str, tuple[Need, ...]] = {
    "a directory, a list of paths or URLs": (),
    "`s3://bucket/prefix`": (LISTED, READ),
    "`s3://bucket/prefix` with `--versions`": (
        Need("s3:ListBucketVersions", "the bucket"),
        Need("s3:GetObjectVersion", "the objects below the prefix"),
    ),
    "an S3 Inventory": (Need("s3:GetObject", "the inventory's own files, and the objects it lists"),),
    "an S3 Inventory with version ids": (
        Need("s3:GetObject", "the inventory's own files"),
        Need("s3:GetObjectVersion", "the objects it lists"),
    ),
    "a list file on S3": (Need("s3:GetObject", "the list, and the objects it names"),),
    "a list on this machine, of objects on S3": (Need("s3:GetObject", "the objects it names"),),
}

HOME = (
    Need("s3:ListBucket", "the bucket"),
    Need("s3:GetObject", "the objects below the home"),
    Need("s3:PutObject", "the objects below the home"),
    Need("s3:DeleteObject", "the objects below the home"),
)

# `--stage`: Rekognition reads a film with the rights of its caller.
STAGE = (
    Need("s3:ListBucket", "the bucket"),
    Need("s3:ListBucketMultipartUploads", "the bucket"),
    Need("s3:GetObject", "the objects below the prefix"),
    Need("s3:PutObject", "the objects below the prefix"),
    Need("s3:DeleteObject", "the objects below the prefix"),
    Need("s3:AbortMultipartUpload", "the objects below the prefix"),
)
OF_BUCKETS = frozenset(("s3:ListBucket", "s3:ListBucketMultipartUploads"))


def needs_of(api: Api) -> dict[str, str]:
    """Rekognition operation -> when it is called (empty: always), the API's own first."""
    found, plain = {api.operation: ""} | dict.fromkeys(TO_RUN if api.runs else (), ""), _least(api)
    always = {step.operation for step in api.prepare(plain)}
    for switch in (param for param in api.params if param.type == "bool"):
        instead = {step.operation for step in api.prepare(plain | {switch.name: not switch.default})}
        setting = f"`{switch.name}={str(not switch.default).lower()}`"
        found |= dict.fromkeys(sorted(always - instead), f"unless {setting}")
        found |= dict.fromkeys(sorted(instead - always), f"with {setting}")
        always &= instead
    return found | dict.fromkeys(sorted(always), "")


def resource_of(api: Api, operation: str) -> str:
    """What a policy may narrow the action to."""
    arguments = api.request({"Bytes": b""}, _ITEM, _least(api))
    if operation in _OF_NOTHING:
        return "*"
    if "CollectionId" in arguments:
        return _COLLECTION
    return _MODEL if "ProjectVersionArn" in arguments else "*"


def video_needs(api: VideoApi) -> dict[str, str]:
    """Operation -> what a policy may narrow it to."""
    params = {param.name: "NAME" if param.required else param.default for param in api.params}
    of_collection = _COLLECTION if "CollectionId" in api.request(params) else "*"
    steps = {step.operation: _COLLECTION for step in api.prepare(params)}
    return {api.operation: of_collection, api.answers: "*", **steps}


def _least(api: Api) -> dict[str, Any]:
    """Its parameters where only those that must be are given."""
    given = api.golden_params or {}
    return {param.name: given[param.name] if param.required else param.default for param in api.params}


# Beside the job home's: what each command asks of AWS.
COMMANDS: Mapping[str, tuple[Need, ...]] = {
    "`collections list`": (
        Need("rekognition:ListCollections", "*"),
        Need("rekognition:DescribeCollection", _COLLECTION),
    ),
    "`collections describe NAME --faces`": (
        Need("rekognition:DescribeCollection", _COLLECTION),
        Need("rekognition:ListFaces", _COLLECTION),
    ),
    "`collections delete NAME`": (
        Need("rekognition:DescribeCollection", _COLLECTION),
        Need("rekognition:DeleteCollection", _COLLECTION),
    ),
    "`costs` of a job that made a collection": (Need("rekognition:DescribeCollection", _COLLECTION),),
    "`costs --cloudwatch`": (Need("cloudwatch:GetMetricData", "*"),),
    "`quotas --refresh`": (
        Need("servicequotas:ListAWSDefaultServiceQuotas", "*"),
        Need("servicequotas:ListServiceQuotas", "*"),
    ),
    "`doctor`, of a stage": (Need("s3:GetLifecycleConfiguration", "the bucket"),),
    "`prices --refresh`": (Need("pricing:GetProducts", "*"),),
    "`doctor --policy`, for keys of KMS": (Need("s3:GetEncryptionConfiguration", "the bucket"),),
}


def markdown() -> str:
    """The generated part of docs/permissions.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from ("## Sources", "", "| source | actions | on |", "|---|---|---|")
    for source, needs in SOURCES.items():
        yield from _rows(source, needs)
    yield from ("", "## A job home on S3", "", "| home | actions | on |", "|---|---|---|")
    yield from _rows("`s3://bucket/prefix`", HOME)
    yield from ("", "## A stage for films of this machine", "", "| `--stage` | actions | on |", "|---|---|---|")
    yield from _rows("`s3://bucket/prefix`", STAGE)
    yield "| of a bucket with versions | `s3:DeleteObjectVersion` | the objects below the prefix |"
    yield from ("", "## APIs", "", "| `--api` | actions | on |", "|---|---|---|")
    for api in catalogue().values():
        for operation, when in needs_of(api).items():
            action = f"`rekognition:{operation}`" + (f" ({when})" if when else "")
            yield f"| `{api.name}` | {action} | {_cell(resource_of(api, operation))} |"
    for video in video_catalogue().values():
        for operation, resource in video_needs(video).items():
            yield f"| `{video.name}` | `rekognition:{operation}` | {_cell(resource)} |"
    yield from ("", "## Commands", "", "| command | actions | on |", "|---|---|---|")
    for command, needs in COMMANDS.items():
        yield from _rows(command, needs)
    yield from ("", "## A policy", "", "Labels and texts of a prefix, with a home on S3:", "", "```json")
    yield json.dumps(_example(), indent=2)
    yield "```"


def _rows(name: str, needs: Iterable[Need]) -> Iterator[str]:
    for need in needs:
        yield f"| {name} | `{need.action}` | {_cell(need.on)} |"
    if not needs:
        yield f"| {name} | none | |"


def _cell(resource: str) -> str:
    return f"`{resource}`" if resource.startswith(("arn:", "*")) else resource


def _example() -> dict[str, Any]:
    apis = [catalogue()[name] for name in ("labels", "text")]
    source, home = SOURCES["`s3://bucket/prefix`"], HOME
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(sorted(f"rekognition:{operation}" for api in apis for operation in needs_of(api)), "*"),
            _allow(["s3:ListBucket"], "arn:aws:s3:::my-archive", "arn:aws:s3:::my-jobs"),
            _allow([need.action for need in source if need != LISTED], "arn:aws:s3:::my-archive/photos/*"),
            _allow([need.action for need in home if need != LISTED], "arn:aws:s3:::my-jobs/rekscan/*"),
        ],
    }


def _allow(actions: list[str], *resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
