"""The least IAM policy for a scan: these APIs, sources and home, and nothing else. Pure.

Rule: actions are those of docs/permissions.md (rekscan/permissions.py). What only a list's rows tell, its objects, is a
resource to be filled in: `OBJECTS-OF-THE-LIST`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jobs.apis import Asked, Choice, VideoChoice
from jobs.aws.region_names import partition_of
from jobs.sources import is_list
from jobs.uris import is_arn, split_s3
from rekscan.permissions import HOME, LISTED, OF_BUCKETS, READ, STAGE, needs_of, resource_of, video_needs

_LIST_OBJECTS = "OBJECTS-OF-THE-LIST"


def policy(
    asked: Asked,
    sources: Sequence[str],
    home: str,
    region: str,
    stage: str | None = None,
    keys: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """An IAM policy document. `sources`, `home` and `stage` as they are typed; those on a disk need nothing. `keys`:
    bucket -> the key of KMS that its objects are under."""
    arn = f"arn:{partition_of(region)}"
    staged = stage if stage and asked.videos else ""
    statements = [
        *_rekognition(asked, f"{arn}:rekognition:{region}:*:collection"),
        *_s3(sources, home, f"{arn}:s3:::"),
        *(_stage(staged, f"{arn}:s3:::") if staged else ()),
        *_kms(sources, [home, staged], keys, f"{arn}:kms:*:*"),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _rekognition(asked: Asked, collections: str) -> Iterator[dict[str, Any]]:
    found: dict[str, set[str]] = {}  # actions by resource
    choices: tuple[Choice | VideoChoice, ...] = (*asked.images, *asked.videos)
    for choice in choices:
        for operation, resource in _needs(choice).items():
            found.setdefault(_filled_in(resource, choice.params, collections), set()).add(f"rekognition:{operation}")
    yield from (_allow(sorted(actions), [resource]) for resource, actions in sorted(found.items()))


def _needs(choice: Choice | VideoChoice) -> Mapping[str, str]:
    if isinstance(choice, VideoChoice):
        return video_needs(choice.api)
    return {operation: resource_of(choice.api, operation) for operation in needs_of(choice.api)}


def _filled_in(resource: str, params: Mapping[str, Any], collections: str) -> str:
    if ":collection/" in resource:
        return f"{collections}/{params.get('collection') or '*'}"
    return resource if resource == "*" else str(params.get("project_version_arn") or "*")


def _s3(sources: Sequence[str], home: str, arn: str) -> Iterator[dict[str, Any]]:
    listed: set[str] = set()
    read: set[str] = set()
    own: set[str] = set()
    for source in sources:
        if names_objects(source):
            read.add(f"{arn}{_LIST_OBJECTS}")
        elif source.startswith("s3://"):
            listed.add(_bucket(source, arn))
        if source.startswith("s3://"):
            read.add(_objects(source, arn))
    if home.startswith("s3://"):
        listed.add(_bucket(home, arn))
        own.add(_objects(home.rstrip("/") + "/", arn))
    yield from _some([LISTED.action], listed)
    yield from _some([READ.action], read)
    yield from _some([need.action for need in HOME if need != LISTED], own)


def _stage(stage: str, arn: str) -> Iterator[dict[str, Any]]:
    actions = [need.action for need in STAGE]
    yield _allow([action for action in actions if action in OF_BUCKETS], [_bucket(stage, arn)])
    yield _allow([action for action in actions if action not in OF_BUCKETS], [_objects(stage, arn)])


def _kms(sources: Sequence[str], written: Sequence[str], keys: Mapping[str, str], arn: str) -> Iterator[dict[str, Any]]:
    """What is read is decrypted, what is written encrypted too."""
    own = buckets(written)
    for bucket in buckets([*sources, *written]):
        if key := keys.get(bucket):
            yield _of_key(["kms:Decrypt", *(["kms:GenerateDataKey"] if bucket in own else [])], key, arn)


def _of_key(actions: list[str], key: str, arn: str) -> dict[str, Any]:
    """A policy names a key by its ARN, or any key by a condition on its alias. Source: "Using key policies in AWS KMS"
    and "kms:ResourceAliases", AWS KMS developer guide."""
    if "alias/" in key:
        alias = f"alias/{key.partition('alias/')[2]}"
        condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
        return {**_allow(actions, [f"{arn}:key/*"]), "Condition": condition}
    return _allow(actions, [key if key.startswith("arn:") else f"{arn}:key/{key}"])


def buckets(places: Iterable[str]) -> list[str]:
    """Those that sources, a home or a stage name, each once."""
    return list(dict.fromkeys(split_s3(place)[0] for place in places if place.startswith("s3://")))


def names_objects(source: str) -> bool:
    """Whether it is a list or an inventory, a file that may name objects anywhere."""
    return source.endswith("manifest.json") or (
        (source.startswith("s3://") or Path(source).is_file()) and is_list(source)
    )


def _bucket(uri: str, arn: str) -> str:
    bucket, _ = split_s3(uri)
    return bucket if is_arn(bucket) else f"{arn}{bucket}"


def _objects(uri: str, arn: str) -> str:
    """Those below a prefix; of an inventory all of its bucket, as its files lie beside its manifest's folder."""
    bucket, key = split_s3(uri)
    key = "*" if key.endswith("manifest.json") else key if is_list(uri) else f"{key}*"
    return f"{bucket}/object/{key}" if is_arn(bucket) else f"{arn}{bucket}/{key}"


def _some(actions: list[str], resources: Iterable[str]) -> Iterator[dict[str, Any]]:
    if found := sorted(resources):
        yield _allow(actions, found)


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
