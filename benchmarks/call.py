"""What one call costs the client: microseconds of CPU time, boto3 beside ours, against the emulator without latency.

    python -m benchmarks.call [--rounds 5] [--calls 400]

Calls are made one after another, in turns; of each, the best round counts: what is left is the work itself.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.running import environment, table
from jobs.apis import parse, requests
from jobs.attempts import Attempts, Tried
from jobs.aws.lean.answer import HttpAnswer
from jobs.aws.lean.methods import Wire
from jobs.items import Item
from jobs.media.prepare import Prepared
from rekscan.testing import emulator
from workers.calls import rows
from workers.journal.packing import counters_of, encode

PARAMS: dict[str, Any] = {"Image": {"S3Object": {"Bucket": "archive", "Name": "2019/IMG_0001.jpg"}}, "MaxLabels": 100}
ATTEMPTS = {"labels": Attempts.of("k3f9x2ab0q", Tried("b", "2026-11"))}
ITEM = Item(1, "s3://archive/2019/IMG_0001.jpg", "image", 250_000, "f" * 32)


def steps(client: Any, runner: asyncio.Runner) -> dict[str, Callable[[int], None]]:
    """By name, what does it so many times."""
    wire = Wire(client)
    model = client.meta.service_model.operation_model("DetectLabels")
    answer = client.detect_labels(**PARAMS)
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    body = client._endpoint.http_session.send(_prepared(client)).content
    serialized = client._serializer.serialize_to_request(PARAMS, model)
    (request,) = requests(parse(["labels"]))
    content = f"etag:{ITEM.etag}:{ITEM.size}"
    picture = Prepared(PARAMS["Image"], "s3", None, None, None, None, content, 250_000)
    outcomes = rows.answered(request, ITEM, answer, ATTEMPTS, picture, datetime.now(UTC), 0.3)

    async def awaited(times: int) -> None:
        call = wire.method("DetectLabels")
        for _ in range(times):
            await call(**PARAMS)

    def repeated(once: Callable[[], object]) -> Callable[[int], None]:
        def several(times: int) -> None:
            for _ in range(times):
                once()

        return several

    return {
        "boto3 `detect_labels`": repeated(lambda: client.detect_labels(**PARAMS)),
        "the same through `jobs/aws/lean/methods.py`": lambda times: runner.run(awaited(times)),
        "of it: serialize and validate": repeated(lambda: client._serializer.serialize_to_request(PARAMS, model)),
        "of it: build and sign": repeated(lambda: wire._request(serialized)),
        f"of it: parse an answer of {len(body):,} bytes": repeated(
            lambda: wire._read(HttpAnswer(200, headers, body), model)
        ),
        "its row": repeated(lambda: rows.answered(request, ITEM, answer, ATTEMPTS, picture, datetime.now(UTC), 0.3)),
        "its entry in the journal": repeated(lambda: (encode(outcomes), counters_of(outcomes))),
    }


def _prepared(client: Any) -> Any:
    """boto3's own request, signed."""
    caught: list[Any] = []

    def catch(request: Any, **_: Any) -> None:
        caught.append(request)

    client.meta.events.register("before-send", catch)
    client.detect_labels(**PARAMS)
    client.meta.events.unregister("before-send", catch)
    return caught[0]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=400)
    given = parser.parse_args()
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_REGION="us-east-1")
    with emulator("--engine", "fixed") as running, asyncio.Runner() as runner:
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.client("rekognition", region_name="us-east-1", endpoint_url=running.url, config=config)
        best: dict[str, float] = {}
        made = steps(client, runner)
        for _ in range(given.rounds):
            for name, do in made.items():
                before = time.process_time()
                do(given.calls)
                each = (time.process_time() - before) / given.calls * 1e6
                best[name] = min(each, best.get(name, each))
    rows_of = [[name, f"{each:,.0f}"] for name, each in best.items()]
    print(f"\n{environment()}\n\n{table(['what', 'microseconds of CPU'], rows_of)}")


if __name__ == "__main__":
    main()
