"""The wheel as a user gets it: installed without extras into a venv of its own, it prices, scans and reports.

    python -m tests.bare

The endpoint is an emulator run from this venv: over HTTP, as AWS would be. Rule: commands see nothing of the checkout.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from rekscan.testing import Emulator, emulator
from tests.support.places import PHOTOS, ROOT

PICTURES = ("cat.jpg", "hopper.jpg", "page.png")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rekscan-bare-") as scratch:
        rekscan = install(Path(scratch) / "venv")
        photos = Path(scratch) / "photos"
        photos.mkdir()
        for name in PICTURES:
            shutil.copy(PHOTOS / name, photos)
        with emulator("--engine", "fixed") as rekognition:
            tries(rekscan, photos, rekognition)


def install(folder: Path) -> Path:
    """The `rekscan` of a new venv."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], check=True)
    extras = subprocess.run([*pip[:3], "list", "--format", "json"], check=True, capture_output=True, text=True).stdout
    assert not {"onnxruntime", "rapidocr", "xlsxwriter", "pytest"} & {row["name"].lower() for row in json.loads(extras)}
    return folder / "bin" / "rekscan"


def tries(rekscan: Path, photos: Path, rekognition: Emulator) -> None:
    """The way of a first job, each step's result looked at."""

    def run(*arguments: str) -> str:
        print("  rekscan", *arguments, file=sys.stderr, flush=True)
        environment = {**os.environ, **rekognition.environment()}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [str(rekscan), *arguments],
            cwd=photos.parent,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    assert "1,000 images" in run("estimate", "--images", "1000", "--api", "labels")
    planned = json.loads(run("estimate", str(photos), "--api", "labels,faces", "--json"))
    assert planned["items"]["images"] == len(PICTURES), planned
    status = json.loads(run("scan", str(photos), "--api", "labels,faces", "--yes", "--json"))
    assert (status["state"], status["calls"]["ok"]) == ("finished", 2 * len(PICTURES)), status
    run("report", "last", "--format", "csv,parquet,html")
    (tables,) = (photos.parent / "rekscan-jobs").glob("*/reports")
    with (tables / "images.csv").open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok"] * len(PICTURES)
    assert (tables / "report.html").stat().st_size > 10_000
    assert json.loads(run("sql", "last", "select count(*) as n from images", "--json")) == [{"n": len(PICTURES)}]


if __name__ == "__main__":
    main()
