"""CloudWatch: how many calls of each operation AWS itself counted. A free cross-check of what is billed.

Rule: AWS's counts are shown beside ours, never in place of them. Namespace `AWS/Rekognition`, metric
`SuccessfulRequestCount`, dimension `Operation` (Rekognition developer guide, cloudwatch-metricsdim). One month in steps
of a day is 31 points per operation, far below GetMetricData's limits (500 metrics and 100,800 points a request).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.errors import RekscanError
from jobs.price import PriceTable
from workers.client import session

METRICS = ("SuccessfulRequestCount", "ThrottledCount", "UserErrorCount", "ServerErrorCount")
_DAY = 86_400  # seconds
_QUERIES = 500  # per GetMetricData request


def connect(region: str, *, profile: str | None = None) -> Any:
    """A CloudWatch client; AWS_ENDPOINT_URL_CLOUDWATCH is honoured by botocore."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=30)
    return session(profile).client("cloudwatch", region_name=region, config=config)


def counts(
    client: Any, operations: Iterable[str], start: datetime, end: datetime, metric: str = METRICS[0]
) -> dict[str, int]:
    """Calls per operation between two times (aware). Raises RekscanError if AWS refuses to say."""
    names = list(dict.fromkeys(operations))
    found = dict.fromkeys(names, 0)
    try:
        for at in range(0, len(names), _QUERIES):
            for number, total in _page(client, names[at : at + _QUERIES], start, end, metric):
                found[names[at + number]] += total
    except (BotoCoreError, ClientError) as error:
        raise RekscanError(
            f"CloudWatch did not answer: {error}",
            "Allow cloudwatch:GetMetricData, or type the numbers: --month-to-date image-group-2=900000.",
        ) from error
    return found


def month_to_date(
    region: str, prices: PriceTable, now: datetime, *, profile: str | None = None, client: Any = None
) -> Mapping[str, Decimal]:
    """Units per meter since the month began, as far as CloudWatch can tell.

    An operation counts on the first meter of the price table that lists it: CloudWatch does not say which DetectLabels
    calls asked for image properties, nor how many minutes a video had, so those meters stay at zero.
    """
    meters: dict[str, str] = {}
    for meter, names in prices.operations.items():
        for name in names:
            if prices.unit(meter) == "image":
                meters.setdefault(name, meter)
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found: dict[str, Decimal] = {}
    for operation, calls in counts(client or connect(region, profile=profile), meters, start, now).items():
        if calls:
            found[meters[operation]] = found.get(meters[operation], Decimal(0)) + calls
    return found


def _page(client: Any, names: list[str], start: datetime, end: datetime, metric: str) -> Iterable[tuple[int, int]]:
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Rekognition",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "Operation", "Value": name}],
                },
                "Period": _DAY,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate(names)
    ]
    stop = max(end, start + timedelta(minutes=1))
    for page in client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=stop, ScanBy="TimestampAscending"
    ):
        for result in page["MetricDataResults"]:
            yield int(result["Id"][1:]), round(sum(result["Values"]))
