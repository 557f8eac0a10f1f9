"""Service Quotas (boto3 `service-quotas`): the rates this account really has in one Region.

Rule: only reads; which quota is which operation's is decided in jobs/money/quota_names.py. Defaults come first and the
account's applied values over them, as AWS lists an applied value only where it was changed or used.
AWS_ENDPOINT_URL_SERVICE_QUOTAS is honoured by botocore.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.access import Aws
from jobs.aws.clients import reader
from jobs.errors import RekscanError

SERVICE = "rekognition"


def connect(region: str, aws: Aws) -> Any:
    return reader("service-quotas", aws, region=region)


def quotas(client: Any) -> list[dict[str, Any]]:
    """Every Rekognition quota of the client's Region. Raises RekscanError if AWS does not answer."""
    found: dict[str, dict[str, Any]] = {}
    try:
        for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
            for page in client.get_paginator(operation).paginate(ServiceCode=SERVICE):
                found |= {quota.get("QuotaCode") or quota["QuotaName"]: quota for quota in page["Quotas"]}
    except (BotoCoreError, ClientError) as error:
        raise RekscanError(
            f"Service Quotas did not answer: {error}",
            "Allow servicequotas:ListServiceQuotas and ListAWSDefaultServiceQuotas, or give rates: --tps labels=20.",
        ) from error
    return list(found.values())
