"""Every documented benchmark runs through, at its smallest size: what it measures then says nothing."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rekscan.testing import Emulator, emulator
from tests.support.places import PHOTOS, ROOT

SMALLEST = {
    "call": "--rounds 1 --calls 3",
    "emulator.films": "--seconds 1 --kinds video-labels",
    "emulator.load": "--seconds 0.2",
    "emulator.record": "{url} {photo} --to {scratch}/fixed.json",
    "emulator.report": "--rounds 1 --photos 1 --seconds 0.2",
    "enumeration": "--scale 0.005",
    "film_answer": "--minutes 0.1",
    "first_stage": "--pictures 0 --photos 1",
    "frames": "--seconds 2 --rounds 1",
    "mending": "--megapixels 2 --rounds 1",
    "memory": "--items 1000 --workers 1 --seconds 0.5",
    "one_task": "{url} --items 20 --seconds 0.5",
    "probing": "--films 20 --latency 0.001",
    "quota": "--quotas 50 --workers 1 --beliefs 2 --scale 0.04",
    "report": "100",
    "s3_home": "--scale 0.02 --rounds 1",
    "savings": "--photos 2 --shots 1 --endpoint {url}",
    "script": "{url} --threads 2 --seconds 0.5",
    "slots": "--workers 1 --films 4 --pictures 4 --slots 2 --latency 100ms",
    "start": "--rounds 1",
    "tables": "200",
    "ten_million": "--items 8000",
    "video_tables": "--films 2 --minutes 0.2",
    "throughput": "--rounds 1 --seconds 0.5 --threads 8",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Emulator]:
    with emulator("--engine", "fixed", "--custom-model", "toy/v1=person", "--model-seconds", "0") as running:
        yield running


@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_runs_through_and_prints_what_it_found(name: str, endpoint: Emulator, tmp_path: Path) -> None:
    places = {"url": endpoint.url, "photo": PHOTOS / "hopper.jpg", "scratch": tmp_path}
    arguments = [word.format(**places) for word in SMALLEST[name].split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() or any(tmp_path.iterdir())


def test_every_benchmark_that_can_be_run_is_tried_and_is_in_the_readme() -> None:
    benchmarks = ROOT / "benchmarks"
    programs = [path.relative_to(benchmarks) for path in benchmarks.rglob("*.py") if is_program(path)]
    runnable = {".".join(path.with_suffix("").parts) for path in programs}
    readme = (benchmarks / "README.md").read_text()
    assert runnable == set(SMALLEST)
    assert [name for name in runnable if name not in readme] == []


def is_program(path: Path) -> bool:
    return any(
        isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in ast.parse(path.read_text()).body
    )
