"""CloudWatch: how many calls of each operation AWS itself counted. A free cross-check of what is billed.

Rule: AWS's counts are shown beside ours, never in place of them. Namespace `AWS/Rekognition`, metric
`SuccessfulRequestCount`, dimension `Operation` (Rekognition developer guide, cloudwatch-metricsdim). The window is
widened to whole steps, so it may hold a few minutes of somebody else's calls.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.access import Aws
from jobs.aws.clients import reader
from jobs.errors import RekscanError
from jobs.money.prices import PriceTable

METRICS = ("SuccessfulRequestCount", "ThrottledCount", "UserErrorCount", "ServerErrorCount")
_FINE, _COARSE = 300, 3600  # seconds; CloudWatch keeps points of 5 minutes for 63 days, of an hour for 455 days
_FINE_KEPT, _FINE_WINDOW = timedelta(days=60), timedelta(days=2)


def connect(region: str, aws: Aws) -> Any:
    """A CloudWatch client; AWS_ENDPOINT_URL_CLOUDWATCH is honoured by botocore."""
    return reader("cloudwatch", aws, region=region)


def counts(
    client: Any, operations: Iterable[str], start: datetime, end: datetime, metric: str = METRICS[0]
) -> dict[str, int]:
    """Calls per operation between two times (aware). Raises RekscanError if AWS refuses to say."""
    names = list(dict.fromkeys(operations))
    found = dict.fromkeys(names, 0)
    fine = datetime.now(UTC) - start < _FINE_KEPT and end - start < _FINE_WINDOW
    step = _FINE if fine else _COARSE
    window = (_floor(start, step), _floor(end, step) + timedelta(seconds=step))
    try:
        for number, calls in _values(client, names, window, step, metric):
            found[names[number]] += calls
    except (BotoCoreError, ClientError) as error:
        raise RekscanError(
            f"CloudWatch did not answer: {error}",
            "Allow cloudwatch:GetMetricData, or type the numbers: --month-to-date image-group-2=900000.",
        ) from error
    return found


def month_to_date(
    region: str, prices: PriceTable, now: datetime, *, aws: Aws | None = None, client: Any = None
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
    for operation, calls in counts(client or connect(region, aws or Aws()), meters, start, now).items():
        if calls:
            found[meters[operation]] = found.get(meters[operation], Decimal(0)) + calls
    return found


def _values(
    client: Any, names: list[str], window: tuple[datetime, datetime], step: int, metric: str
) -> Iterable[tuple[int, int]]:
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Rekognition",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "Operation", "Value": name}],
                },
                "Period": step,
                "Stat": "Sum",
            },
        }
        for number, name in enumerate(names)
    ]
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=window[0], EndTime=window[1], ScanBy="TimestampAscending"
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            yield int(result["Id"][1:]), round(sum(result["Values"]))


def _floor(time: datetime, step: int) -> datetime:
    return datetime.fromtimestamp(time.timestamp() // step * step, UTC)
