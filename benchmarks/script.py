"""The baseline: what people write. One boto3 client, a thread pool, botocore's own retries; nothing is kept of answers.

python -m benchmarks.script URL --threads 64 --retries standard --seconds 30
"""

import argparse
import json
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--retries", choices=["standard", "adaptive", "off"], default="standard")
    parser.add_argument("--attempts", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    attempts = 1 if given.retries == "off" else given.attempts
    retries = {"total_max_attempts": attempts} | ({} if given.retries == "off" else {"mode": given.retries})
    client = boto3.client(
        "rekognition",
        region_name="us-east-1",
        endpoint_url=given.url,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",
        config=Config(retries=retries, max_pool_connections=given.threads, tcp_keepalive=True),
    )
    numbers, stop = count(), threading.Event()
    done, failed = [0] * given.threads, [0] * given.threads

    def work(place: int) -> None:
        while not stop.is_set():
            name = f"photos/IMG_{next(numbers):07d}.jpg"
            try:
                client.detect_labels(
                    Image={"S3Object": {"Bucket": "archive", "Name": name}}, MaxLabels=50, MinConfidence=55.0
                )
                done[place] += 1
            except ClientError:
                failed[place] += 1

    with ThreadPoolExecutor(given.threads) as pool:
        for place in range(given.threads):
            pool.submit(work, place)
        time.sleep(2.0)
        first, cpu, began = sum(done), _cpu(), time.monotonic()
        time.sleep(given.seconds)
        calls, used, took = sum(done) - first, _cpu() - cpu, time.monotonic() - began
        stop.set()
    print(json.dumps({"rate": calls / took, "cpu_ms": 1000 * used / max(1, calls), "failed": sum(failed)}))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
