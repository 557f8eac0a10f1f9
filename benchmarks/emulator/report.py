"""What the emulator is worth: quality on the labelled photos, cost of the server over the models, speed, memory.

    python -m benchmarks.emulator.report [--rounds 6] [--photos 14] [--seconds 5]

Prints Markdown, as docs/emulator-models.md has it. Other work on the machine shows in the wall times; the CPU times
of the processes do not mind it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.emulator.load import cpu_seconds, usual
from emulator.engine.eyes import Eyes
from emulator.photos import PHOTOS, gather
from rekscan.testing import Emulator, emulator
from tests.emulator import quality, strict

REFERENCE = [name for group in PHOTOS.values() for name in group]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6, help="of the speed of the models")
    parser.add_argument("--photos", type=int, default=len(REFERENCE), help="so many of them for the speed")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each load on the fixed engine")
    given = parser.parse_args()
    names = REFERENCE[: given.photos]
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder))
        places = {path.name: path for path in Path(folder).rglob("*") if path.is_file()}

        def read(name: str) -> bytes:
            return places[name].read_bytes()

        with emulator("--workers", "1") as running:
            print_quality(strict.client(running.url), read)
            print_speed(running, read, names, given.rounds)
            print_memory(running)
        print_models(read, names)
    print("\n## Fixed engine\n")
    for line in usual(given.seconds):
        print("   ", line)


def print_quality(client: Any, read: quality.Read) -> None:
    faces = quality.faces(client, read)
    there = sum(len(boxes) for boxes in quality.TRUTH["faces"].values())
    pairs = quality.pairs(client, read)
    same = [similarity for alike, similarity, *_ in pairs if alike]
    different = [similarity for alike, similarity, *_ in pairs if not alike]
    exact, lines, wrong = quality.lines(client, read)
    labels = quality.labels(client, read)
    nudity = quality.nudity(client, read)
    print("\n## Quality\n\n| what | result |\n|---|---|")
    print(
        f"| faces in {len(quality.TRUTH['faces'])} photos | {faces.found} of {there} found, {len(faces.false)} false |"
    )
    print(f"| pairs of photos of one person | {len(same)}: similarity {min(same):.1f} to {max(same):.1f} |")
    print(f"| pairs of different people | {len(different)}: similarity {min(different):.1f} to {max(different):.1f} |")
    print(f"| lines of text read exactly | {exact} of {lines}; others read: {wrong} |")
    right = [name for name, (hit, _) in labels.items() if hit]
    print(f"| a right label among the first five | {len(right)} of {len(labels)} photos |")
    for name, (hit, five) in labels.items():
        if not hit:
            print(f"| · missed: {name} | {', '.join(five) or 'no label'} |")
    print(f"| nudity score of {len(nudity)} harmless photos | at most {max(nudity)[0]:.1f} % |")


def print_speed(running: Emulator, read: quality.Read, names: list[str], rounds: int) -> None:
    """Bare models and server take turns, each picture with other bytes at its end every time, so nothing is cached."""
    client, eyes, serial = strict.client(running.url), Eyes(), 0
    (child,) = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()

    def fresh(name: str) -> bytes:
        nonlocal serial
        serial += 1
        return read(name) + serial.to_bytes(8, "big")

    def bare(data: bytes) -> None:
        eyes.look(str(serial), data, ["things", "scene"])
        eyes.look(str(serial), data, ["faces"])

    def served(data: bytes) -> None:
        client.detect_labels(Image={"Bytes": data})
        client.detect_faces(Image={"Bytes": data})

    for name in names:
        bare(fresh(name))
        served(fresh(name))
    walls: dict[str, list[float]] = {"bare": [], "served": []}
    used = {"models": 0.0, "server": 0.0}
    for _ in range(rounds):
        for name in names:
            walls["bare"].append(timed(bare, fresh(name)))
            before = cpu_seconds(int(child)), cpu_seconds(running.process.pid)
            walls["served"].append(timed(served, fresh(name)))
            used["models"] += cpu_seconds(int(child)) - before[0]
            used["server"] += cpu_seconds(running.process.pid) - before[1]
    images = rounds * len(names)
    by_photo = [statistics.median(walls["bare"][place :: len(names)]) for place in range(len(names))]
    served_by_photo = [statistics.median(walls["served"][place :: len(names)]) for place in range(len(names))]
    cpu = (used["models"] + used["server"]) / images
    print("\n## Speed: DetectLabels and DetectFaces on one picture, one model process\n")
    print("| what | ms a picture |\n|---|---|")
    print(f"| bare model calls, wall, mean over photos of the median | {1e3 * statistics.mean(by_photo):.1f} |")
    print(f"| the same through the server and boto3, wall | {1e3 * statistics.mean(served_by_photo):.1f} |")
    print(f"| model process, CPU | {1e3 * used['models'] / images:.1f} |")
    print(f"| server process, CPU | {1e3 * used['server'] / images:.1f} |")
    print(f"\nThe server costs {100 * used['server'] / used['models']:.1f} % of the models' CPU time.")
    clock = 1 / statistics.mean(served_by_photo)
    print(f"One core: {1 / cpu:.1f} pictures/s by CPU time, {clock:.1f} pictures/s by the clock.")


def print_models(read: quality.Read, names: list[str]) -> None:
    eyes, features = Eyes(), ("things", "scene", "faces", "persons", "vectors", "nudity", "properties", "text")
    eyes.warm()
    used: dict[str, list[float]] = {}
    for name in names:
        for feature in ("decode", *features):
            began = time.process_time()
            eyes.look(name, read(name), [feature] if feature in features else [])
            used.setdefault(feature, []).append(1e3 * (time.process_time() - began))
    print("\n## CPU time of each model, ms a picture\n\n| what | median | most |\n|---|---|---|")
    for feature, times in used.items():
        print(f"| {feature} | {statistics.median(times):.1f} | {max(times):.1f} |")


def timed(act: Callable[[bytes], None], data: bytes) -> float:
    began = time.perf_counter()
    act(data)
    return time.perf_counter() - began


def print_memory(running: Emulator) -> None:
    print("\n## Memory after all of this\n")
    pid = running.process.pid
    for each in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        pages = int(Path(f"/proc/{each}/statm").read_text().split()[1])
        kind = "server" if each == pid else "model process"
        print(f"    {kind}: {pages * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f} MB resident")


if __name__ == "__main__":
    main()
