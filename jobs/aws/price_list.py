"""The AWS Price List Query API (boto3 `pricing`): the products of Rekognition as AWS publishes them.

Rule: only reads; what the documents mean is decided in jobs/money/offers.py. The API has endpoints in us-east-1,
eu-central-1 and ap-south-1 only (jobs/data/prices.json, price_list); AWS_ENDPOINT_URL_PRICING is honoured by botocore.
"""

from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.clients import session
from jobs.errors import RekscanError
from jobs.money.offers import SERVICE

REGION = "us-east-1"


def connect(*, profile: str | None = None) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=30)
    return session(profile).client("pricing", region_name=REGION, config=config)


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
