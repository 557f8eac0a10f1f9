"""Under which key of KMS a bucket puts what is written into it: one question to S3 a bucket.

Rule: what is not known is said, with the reason. Objects that were written under another key keep that one; only they
know it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.s3_errors import code_of, explain
from jobs.errors import RekscanError
from jobs.uris import is_arn

_PLAIN = "ServerSideEncryptionConfigurationNotFoundError"


@dataclass(frozen=True, slots=True)
class BucketKeys:
    """`known`: bucket -> key, as the bucket names it (ARN, id or alias). `unknown`: sentences."""

    known: Mapping[str, str]
    unknown: tuple[str, ...]


def bucket_keys(aws: Aws, buckets: Iterable[str]) -> BucketKeys:
    """Buckets under S3's own keys are in neither: those take no permission."""
    known, unknown = {}, []
    for bucket in dict.fromkeys(buckets):
        try:
            if key := _key(aws, bucket):
                known[bucket] = key
        except RekscanError as error:
            unknown.append(
                f"Whether bucket {bucket} is under a key of KMS is not known ({error.what}): if it is, add kms:Decrypt"
                " on that key, and kms:GenerateDataKey for a home."
            )
    return BucketKeys(known, tuple(unknown))


def _key(aws: Aws, bucket: str) -> str | None:
    if is_arn(bucket):
        raise RekscanError("an access point does not tell")
    try:
        answer = clients.once("s3", aws).get_bucket_encryption(Bucket=bucket)
    except ClientError as error:
        if code_of(error) == _PLAIN:
            return None
        raise explain(error, f"s3://{bucket}", "s3:GetEncryptionConfiguration") from error
    except BotoCoreError as error:
        raise explain(error, f"s3://{bucket}") from error
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if str(default.get("SSEAlgorithm")).startswith("aws:kms"):  # of two layers, too
            key = default.get("KMSMasterKeyID")  # none: the account's own aws/s3, which S3's users may use
            return str(key) if key and not str(key).endswith("alias/aws/s3") else None
    return None
