"""The AWS Price List Query API (boto3 `pricing`): the products of Rekognition as AWS publishes them.

Rule: only reads; what the documents mean is decided in jobs/money/offers.py. The API has endpoints in us-east-1,
eu-central-1 and ap-south-1 only (jobs/data/prices.json, price_list); AWS_ENDPOINT_URL_PRICING is honoured by botocore.
"""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.access import Aws
from jobs.aws.clients import reader
from jobs.errors import RekscanError
from jobs.money.offers import SERVICE

REGION = "us-east-1"


def connect(aws: Aws) -> Any:
    return reader("pricing", aws, region=REGION)


def products(client: Any) -> list[str]:
    """Every product of Rekognition, each a JSON text. Raises RekscanError if AWS does not answer."""
    try:
        pages = client.get_paginator("get_products").paginate(ServiceCode=SERVICE, FormatVersion="aws_v1")
        return [text for page in pages for text in page["PriceList"]]
    except (BotoCoreError, ClientError) as error:
        raise RekscanError(
            f"the AWS Price List did not answer: {error}",
            "Allow pricing:GetProducts, or download the offer file and use `rekscan prices --refresh --from FILE`.",
        ) from error
