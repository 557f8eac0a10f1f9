"""Time, memory and size of report.html at the size of an archive.

python -m benchmarks.report 1000000 --keep /tmp/million     a job of a million items, 12 labels each; kept for next time
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.synthetic_job import make_job
from benchmarks.tables import JOB, peak_mb
from jobs.folder import JobFolder
from reports.tables.load import load_folder
from reports.views.report import build_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int)
    parser.add_argument(
        "--keep", help="job home to use and keep; with its tables there, the memory is the report's alone"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = args.keep or scratch
        folder = JobFolder(home, JOB) if (Path(home) / JOB / "job.json").exists() else make_job(home, args.items)
        rows = sum(load_folder(folder).built.rows.values())
        start = time.perf_counter()
        built = build_report(folder, thumbnails=False)
        seconds = time.perf_counter() - start
        print(f"{rows:,} rows: {seconds:.1f} s, page {built.bytes / 1e6:.2f} MB, peak {peak_mb():.0f} MB")


if __name__ == "__main__":
    main()
