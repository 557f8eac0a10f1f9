"""How much of a quota is used, and how many calls are refused: real workers against an emulator that enforces it.

    python -m benchmarks.quota [--only steady,apis,halves,beliefs,baselines] [--quotas 50,200,1000] [--workers 1,2,4]

Rates are calls the emulator let in, by its own clock, over seconds 10 to 10 + --seconds after the first call.
`--scale 0.1` shortens warm-ups, phases and --seconds to a tenth: too short to say anything, long enough to run through.
"""

import argparse
import json
import math
from dataclasses import dataclass
from typing import Any

from benchmarks.running import OPERATIONS, Running, Traffic, baseline, environment, scanning, set_quotas, table
from rekscan.testing import Emulator, emulator

LATENCY = ("--latency", "300ms")


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds of the phases, all shortened by one factor."""

    seconds: float  # of what is measured after the warm-up
    scale: float

    def of(self, seconds: float) -> float:
        return seconds * self.scale

    @property
    def warm(self) -> float:
        return self.of(10.0)

    @property
    def end(self) -> float:
        return self.warm + self.of(self.seconds)


def follow(running: Emulator, quota: float, clock: Clock, **job: Any) -> Traffic:
    """A scan with items until the clock's end, watched until then."""
    items = math.ceil(quota * (clock.end + 8))
    with scanning(running, items, **job) as scan:
        while not (seen := Traffic.of(running, OPERATIONS["labels"])).calls or seen.end < clock.end + 0.5:
            scan.tend(1.0)
            if scan.over():
                break
    return Traffic.of(running, OPERATIONS["labels"])


def steady(quotas: list[float], workers: list[int], clock: Clock) -> None:
    rows: list[list[Any]] = []
    for quota in quotas:
        for count in workers:
            with emulator("--engine", "fixed", *LATENCY, "--quota", f"labels={quota}") as running:
                seen = follow(running, quota, clock, tps={"labels": quota}, workers=count)
            warm, end = clock.warm, clock.end
            rows.append(
                [
                    f"{quota:g}",
                    count,
                    f"{seen.rate(warm, end) / quota:.2%}",
                    seen.refused(warm, end),
                    seen.refused(0, warm),
                    f"{seen.rate(0.8 * warm, warm) / quota:.1%}",
                ]
            )
            print(rows[-1], flush=True)
    header = [
        "quota",
        "workers",
        "of it used",
        "refused",
        "refused in the first 10 s",
        "used in seconds 8-10",
    ]
    report("A known quota (`--tps`)", header, rows)


def apis(quota: float, clock: Clock) -> None:
    quotas = [part for name in OPERATIONS for part in ("--quota", f"{name}={quota}")]
    with emulator("--engine", "fixed", *LATENCY, *quotas) as running:
        follow(
            running, quota, clock, apis=",".join(OPERATIONS), tps=dict.fromkeys(OPERATIONS, quota), workers=2,
        )  # fmt: skip
        rows: list[list[Any]] = []
        for name, operation in OPERATIONS.items():
            seen, warm, end = Traffic.of(running, operation), clock.warm, clock.end
            rows.append([name, f"{seen.rate(warm, end) / quota:.2%}", seen.refused(warm, end)])
    report(f"Four APIs side by side, {quota:g} each, 2 workers", ["API", "of its quota used", "refused"], rows)


def halves(quotas: list[float], clock: Clock, workers: int = 2) -> None:
    rows: list[list[Any]] = []
    for quota in quotas:
        with emulator("--engine", "fixed", *LATENCY, "--quota", f"labels={quota}") as running:
            items = math.ceil(quota * 80)
            with scanning(running, items, tps={"labels": quota}, workers=workers) as scan:
                half = watch(scan, running, clock.of(15))
                set_quotas(running, f"labels={quota / 2}")
                back = watch(scan, running, half + clock.of(25))
                set_quotas(running, f"labels={quota}")
                watch(scan, running, back + clock.of(27))
            seen = Traffic.of(running, "DetectLabels")
        settled = half + clock.of(6)
        found = next((t for t in range(40) if seen.rate(back + t, back + t + 2) >= 0.95 * quota), None)
        rows.append(
            [
                f"{quota:g}",
                f"{seen.rate(settled, back) / (quota / 2):.1%}",
                f"{seen.refused_share(settled, back):.2%}",
                seen.refused(half, settled),
                f"{found} s",
                f"{seen.rate(back + clock.of(20), back + clock.of(26)) / quota:.1%}",
            ]
        )
        print(rows[-1], flush=True)
        print(" ".join(f"{seen.rate(t, t + 1):.0f}/{seen.refused(t, t + 1)}" for t in range(int(seen.end))))
    header = [
        "quota", "of the half used, after 6 s", "refused then", "refused in the 6 s", "back at 95 % after",
        "used 20 s after",
    ]  # fmt: skip
    report("A quota that halves for 25 s, 2 workers", header, rows)


def watch(scan: Running, running: Emulator, until: float) -> float:
    """Wait for calls that late; when the last one came."""
    while not (seen := Traffic.of(running, "DetectLabels")).calls or seen.end < until:
        scan.tend(0.25)
    return seen.end


def beliefs(quota: float, believed_times: list[float], clock: Clock) -> None:
    rows: list[list[Any]] = []
    settled, end = clock.of(45), clock.of(65)
    for wrong in believed_times:
        items = math.ceil(quota * (end + 5))
        believed = {"labels": quota * wrong}
        with (
            emulator("--engine", "fixed", *LATENCY, "--quota", f"labels={quota}") as running,
            scanning(running, items, tps=believed, exact=False, workers=2) as scan,
        ):
            while not (seen := Traffic.of(running, "DetectLabels")).calls or seen.end < end:
                scan.tend(1.0)
        used, refused = f"{seen.rate(settled, end) / quota:.1%}", f"{seen.refused_share(settled, end):.2%}"
        rows.append([f"{wrong:g} x {quota:g}", used, refused])
        print(rows[-1], flush=True)
    report("A believed quota that is wrong (the default table)", ["believed", "used after 45 s", "refused"], rows)


def baselines(quotas: list[float], clock: Clock) -> None:
    rows: list[list[Any]] = []
    for quota in quotas:
        for name, module, arguments in (
            ("boto3, 64 threads, standard retries", "script", ["--retries", "standard"]),
            ("boto3, 64 threads, adaptive retries", "script", ["--retries", "adaptive"]),
            ("one Celery task an image, 64 threads", "one_task", []),
        ):
            with emulator("--engine", "fixed", *LATENCY, "--quota", f"labels={quota}") as running:
                process = baseline(module, running.url, *arguments, "--seconds", str(clock.end))
                out, _ = process.communicate()
                seen, end = Traffic.of(running, "DetectLabels"), clock.end
            failed = json.loads(out)["failed"]
            used, refused = f"{seen.rate(clock.warm, end) / quota:.1%}", f"{seen.refused_share(clock.warm, end):.1%}"
            rows.append([f"{quota:g}", name, used, refused, failed])
            print(rows[-1], flush=True)
    report("Baselines", ["quota", "what", "of it used", "refused", "calls given up"], rows)


def report(title: str, header: list[str], rows: list[list[Any]]) -> None:
    print(f"\n### {title}\n\n{environment()}\n\n{table(header, rows)}\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="steady,apis,halves,beliefs,baselines")
    parser.add_argument("--quotas", default="50,200,1000")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--beliefs", default="0.25,0.5,1,2,4", help="the believed quota as so many times the true one")
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    clock = Clock(given.seconds, given.scale)
    quotas = [float(part) for part in given.quotas.split(",")]
    workers = [int(part) for part in given.workers.split(",")]
    for name in given.only.split(","):
        if name == "steady":
            steady(quotas, workers, clock)
        elif name == "apis":
            apis(50, clock)
        elif name == "halves":
            halves([quota for quota in quotas if quota < 1000], clock)
        elif name == "beliefs":
            beliefs(100, [float(part) for part in given.beliefs.split(",")], clock)
        elif name == "baselines":
            baselines(quotas, clock)


if __name__ == "__main__":
    main()
