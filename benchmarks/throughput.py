"""Unthrottled speed and CPU per call on one host, beside a well-tuned 128-thread boto3 script, in turns.

    python -m benchmarks.throughput [--rounds 3] [--seconds 15] [--latency 300ms]

CPU time is what processes used (worker and Redis; the script), which other work on the machine disturbs least.
"""

import argparse
import json
import statistics
import time

from benchmarks.running import Traffic, baseline, environment, scanning, table
from rekscan.testing import Emulator, emulator


def script(running: Emulator, threads: int, seconds: float) -> dict[str, float]:
    process = baseline("script", running.url, "--threads", str(threads), "--retries", "off", "--seconds", str(seconds))
    out, _ = process.communicate()
    found = json.loads(out)
    return {"rate": found["rate"], "script": found["cpu_ms"]}


def rekscan(running: Emulator, workers: int, threads: int, seconds: float) -> dict[str, float]:
    running.reset()
    with scanning(running, int(20_000 * (seconds + 5)), workers=workers, calls=threads) as job:
        while not Traffic.of(running, "DetectLabels").calls:
            job.tend(0.2)
        job.tend(4.0)
        before, calls, began = job.cpu(), job.done(), time.monotonic()
        job.tend(seconds)
        after, done, took = job.cpu(), job.done() - calls, time.monotonic() - began
    used = {what: 1000 * (after[what] - before[what]) / max(1, done) for what in after}
    return {"rate": done / took, **used}


def note(found: dict[str, list[dict[str, float]]], name: str, run: dict[str, float]) -> None:
    found.setdefault(name, []).append(run)
    print(name, run, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--latency", default="300ms")
    parser.add_argument("--threads", type=int, default=128)
    given = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {}
    one, two = (1, given.threads), (2, given.threads // 2)
    with emulator("--engine", "fixed", "--latency", given.latency) as running:
        for _ in range(given.rounds):
            note(found, f"boto3 script, {given.threads} threads", script(running, given.threads, given.seconds))
            for workers, threads in (one, two):
                name = f"rekscan, {workers} worker{'s' * (workers > 1)} x {threads}"
                note(found, name, rekscan(running, workers, threads, given.seconds))
    base = next(iter(found.values()))
    rows = []
    for name, runs in found.items():
        ratio = statistics.median(r["rate"] / b["rate"] for r, b in zip(runs, base, strict=True))
        cpu = [sum(v for k, v in run.items() if k != "rate") for run in runs]
        cpu_ratio = statistics.median(c / b["script"] for c, b in zip(cpu, base, strict=True))
        rates = ", ".join(f"{run['rate']:.0f}" for run in runs)
        rows.append([name, rates, f"{ratio:.2f}", f"{statistics.median(cpu):.2f}", f"{cpu_ratio:.2f}"])
    print(f"\n{environment()}; emulator latency {given.latency}\n")
    print(table(["what", "calls/s by round", "ratio", "CPU ms/call", "CPU ratio"], rows))


if __name__ == "__main__":
    main()
