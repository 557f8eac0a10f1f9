"""What AWS says to one small question each: may we in, is it there, is it near. For `doctor`.

Rule: nothing of it is billed by Rekognition. Where an operation would be paid for, it is asked with what cannot be
analysed (one byte for a picture, an object and a job that are not there): AWS is taken to look at permissions first, so
a denial shows, and else its refusal of the input. Source of the errors: error-handling.html of the developer guide.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from jobs.apis import Choice, VideoChoice
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.faults import is_off_clock, missing_permission
from jobs.aws.region_names import partition_of
from jobs.aws.s3_errors import code_of, explain
from jobs.aws.unreachable import is_about_credentials, is_network, unreachable
from jobs.errors import RekscanError
from jobs.items import Item
from jobs.uris import is_aws, split_s3

_DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403")
_CREDENTIALS = (
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException",
    "InvalidToken", "SignatureDoesNotMatch", "UnrecognizedClientException",
)  # fmt: skip
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
_NOT_THERE = ("NoSuchBucket", "NoSuchKey", "ResourceNotFoundException", "404")
_UNREAD = ("InvalidObjectState", "InvalidRange")  # archived, empty: S3 says so to whoever may read
_NO_ANSWER = ("ThrottlingException", "ProvisionedThroughputExceededException", "UnknownOperationException")
_BYTE = b"x"
_ENABLE = "Renew them (`aws sts get-caller-identity`); newer Regions also refuse accounts that have not enabled them."


class Said(StrEnum):
    OK = "ok"
    DENIED = "denied"
    NO_NETWORK = "no network"
    WRONG_REGION = "wrong Region"
    CREDENTIALS = "credentials"
    CLOCK = "clock"
    NOT_THERE = "not there"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    said: Said
    text: str

    @property
    def ok(self) -> bool:
        return self.said is Said.OK


def s3_alone(aws: Aws) -> Answer:
    """Whether S3 answers, where no place on it is named."""
    try:
        clients.once("s3", aws).list_buckets()
    except (BotoCoreError, ClientError) as error:
        if _said(error) is Said.DENIED:
            return Answer(Said.OK, "answers (it does not let these credentials list buckets, which no scan needs)")
        return _of_s3(error, "s3://", "s3:ListAllMyBuckets")
    return Answer(Said.OK, "answers")


def s3_place(aws: Aws, uri: str, *, near: bool) -> Answer:
    """Whether what is below `uri` can be listed, and its first object read. `near`: Rekognition must read it there."""
    bucket, prefix = split_s3(uri)
    client = clients.once("s3", aws)
    try:
        answer = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        far = _other_region(client.head_bucket(Bucket=bucket), aws)
    except (BotoCoreError, ClientError) as error:
        return _of_s3(error, uri, "s3:ListBucket")
    if far and near:
        what = f"{uri} is in {far}: Rekognition reads films in its own Region only"
        return Answer(Said.WRONG_REGION, f"{what}. Add --region {far}.")
    first = next((one["Key"] for one in answer.get("Contents") or ()), None)
    if first is None:
        return Answer(Said.OK, f"{uri}: listed; nothing is there, so whether it can be read is not known")
    return _refused(aws, bucket, first) or Answer(
        Said.OK, f"{uri}: listed and read" + (f", in {far}: pictures go to Rekognition as bytes" if far else "")
    )


def s3_file(aws: Aws, uri: str) -> Answer:
    """Whether a list or an inventory can be read."""
    return _refused(aws, *split_s3(uri)) or Answer(Said.OK, f"{uri}: read")


def _refused(aws: Aws, bucket: str, key: str) -> Answer | None:
    """Why an object cannot be read; None where it can."""
    try:
        clients.once("s3", aws).get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].close()
    except (BotoCoreError, ClientError) as error:
        return None if code_of(error) in _UNREAD else _of_s3(error, f"s3://{bucket}/{key}", "s3:GetObject")
    return None


def rekognition(aws: Aws) -> Answer:
    """Whether Rekognition answers in the Region of `aws`."""
    region = clients.region_of(aws)
    url = clients.endpoint_of(aws, "rekognition")
    known = boto3.Session().get_available_regions("rekognition", partition_name=partition_of(region))
    if is_aws(url) and known and region not in known:
        return Answer(Said.WRONG_REGION, f"there is no Rekognition in {region}. Choose one of: {', '.join(known)}.")
    try:
        clients.once("rekognition", aws).list_collections(MaxResults=1)
    except (BotoCoreError, ClientError) as error:
        if _said(error) is Said.DENIED:
            return Answer(Said.OK, f"answers in {region} (ListCollections is denied, which no scan needs)")
        return _of_rekognition(error, "ListCollections")
    return Answer(Said.OK, f"answers in {region}")


def permitted(aws: Aws, choice: Choice | VideoChoice, bucket: str | None) -> Answer:
    """Whether the operations of an API may be called. `bucket`: of the films."""
    client = clients.once("rekognition", aws)
    tried = []
    for operation, arguments in _questions(choice, bucket):
        try:
            getattr(client, clients.method_name(operation))(**arguments)
        except (BotoCoreError, ClientError) as error:
            answer = _of_rekognition(error, operation)
            refused = isinstance(error, ClientError) and answer.said in (Said.UNKNOWN, Said.NOT_THERE)
            meant = operation.startswith("Describe") or "ProjectVersionArn" in arguments
            if not refused or (answer.said is Said.NOT_THERE and meant) or _is_no_answer(error):
                return answer
        tried.append(f"rekognition:{operation}")
    return Answer(Said.OK, f"may {', '.join(tried)}")


def _questions(choice: Choice | VideoChoice, bucket: str | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Operations with arguments that cannot be answered, but for those that only look."""
    for step in choice.api.prepare(choice.params):
        if step.operation.startswith("Describe"):
            yield step.operation, step.arguments
    nowhere = f"rekscan-doctor-{uuid.uuid4().hex}"
    if isinstance(choice, VideoChoice):
        film = {"S3Object": {"Bucket": bucket or nowhere, "Name": f"{nowhere}.mp4"}}
        yield choice.api.operation, {"Video": film, **choice.arguments()}
        yield choice.api.answers, {"JobId": uuid.uuid4().hex * 2}
        return
    params = {p.name: _BYTE if p.type == "file" else choice.params[p.name] for p in choice.api.params}
    yield choice.api.operation, choice.api.request({"Bytes": _BYTE}, Item(0, f"s3://{nowhere}/x", "image"), params)


def _is_no_answer(error: BotoCoreError | ClientError) -> bool:
    """Whether it says nothing of permissions."""
    status = (
        error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(error, ClientError) else 0
    )
    return code_of(error) in _NO_ANSWER or status >= 500


def _said(error: BotoCoreError | ClientError) -> Said:
    code = code_of(error).rpartition("#")[2]
    codes = {
        _DENIED: Said.DENIED,
        _CREDENTIALS: Said.CREDENTIALS,
        _ELSEWHERE: Said.WRONG_REGION,
        _NOT_THERE: Said.NOT_THERE,
    }
    if is_about_credentials(error):
        return Said.CREDENTIALS
    if is_off_clock(error):
        return Said.CLOCK
    if isinstance(error, ClientError):
        return next((said for group, said in codes.items() if code in group), Said.UNKNOWN)
    if is_network(error):
        return Said.NO_NETWORK
    return Said.CREDENTIALS if "Credential" in type(error).__name__ else Said.UNKNOWN


def _of_s3(error: BotoCoreError | ClientError, uri: str, action: str) -> Answer:
    return _told(_said(error), explain(error, uri, action))


def _of_rekognition(error: BotoCoreError | ClientError, operation: str) -> Answer:
    said = _said(error)
    if not isinstance(error, ClientError) or is_about_credentials(error):
        return _told(said, unreachable(error))
    action = missing_permission(str(error)) or f"rekognition:{operation}"
    told = {
        Said.DENIED: RekscanError(
            f"{action} is denied", "Allow it; `rekscan doctor --policy` prints the whole policy."
        ),
        Said.CREDENTIALS: RekscanError(f"Rekognition refuses the credentials: {error}", _ENABLE),
        Said.CLOCK: RekscanError(f"this machine's clock is off: {error}", "Set it right."),
        Said.NOT_THERE: RekscanError(str(error), "Create it, or name another."),
    }
    return _told(said, told.get(said) or RekscanError(str(error), "The words are the service's own."))


def _told(said: Said, error: RekscanError) -> Answer:
    return Answer(said, f"{error.what}. {error.do}")


def _other_region(answer: Mapping[str, Any], aws: Aws) -> str | None:
    """The bucket's Region where it is not ours; servers other than AWS may not tell."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    found = answer.get("BucketRegion") or headers.get("x-amz-bucket-region")
    return str(found) if found and found != clients.region_of(aws) else None
