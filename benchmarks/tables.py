"""Time and memory of building a job's tables, against pandas.json_normalize on the same answers.

    python -m benchmarks.tables 100000                          tables of 100,000 items, and the comparison
    python -m benchmarks.tables 1000000 --no-comparison --keep /tmp/million

Each side runs in a process of its own, so that memory and CPU time are its own and those of the processes it starts:
proportional set size (shared pages once), summed over them, looked at four times a second. Both end with a CSV and a
Parquet file. The second row is all of `rekscan report`: tables, costs, dictionary and page.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from reports.tables.build import build_tables

JOB = "20261123-090000-beef"
BATCH = 100_000  # answers that the loop over json_normalize holds: a million would take 25 GB


def ours(home: str) -> dict[str, float]:
    folder = JobFolder(home, JOB)
    start = time.perf_counter()
    built = build_tables(folder)
    return {"seconds": time.perf_counter() - start, "rows": sum(built.rows.values())}


def one_by_one(home: str) -> dict[str, float]:
    """What a loop over answers does: json_normalize of each, then a concat, of 100,000 at a time."""
    import pandas as pd

    folder = JobFolder(home, JOB)
    start = time.perf_counter()
    frames: list[pd.DataFrame] = []
    rows, batch = 0, 0

    def write() -> None:
        nonlocal rows, batch
        frame = pd.concat(frames)
        frame["Instances"] = frame["Instances"].map(json.dumps)
        frame.to_csv(Path(home) / "normalized.csv", index=False, mode="a" if batch else "w", header=not batch)
        frame.to_parquet(Path(home) / f"normalized-{batch}.parquet")
        rows, batch = rows + len(frame), batch + 1
        frames.clear()

    for paths in folder.result_parts().values():
        table = folder.result(paths).select(["item_id", "response"])
        for item, text in zip(table["item_id"].to_pylist(), table["response"].to_pylist(), strict=True):
            if text:
                frames.append(pd.json_normalize(orjson.loads(text), "Labels").assign(item_id=item))
        if len(frames) >= BATCH:
            write()
    if frames:
        write()
    return {"seconds": time.perf_counter() - start, "rows": rows}


def at_once(home: str) -> dict[str, float]:
    """The fastest way to use json_normalize: all answers in memory, two calls. One row per box, as in our table."""
    import pandas as pd

    folder = JobFolder(home, JOB)
    start = time.perf_counter()
    documents = []
    for paths in folder.result_parts().values():
        table = folder.result(paths).select(["item_id", "response"])
        for item, text in zip(table["item_id"].to_pylist(), table["response"].to_pylist(), strict=True):
            documents += [{"item_id": item, **label} for label in orjson.loads(text)["Labels"]] if text else []
    plain = pd.json_normalize(
        [{k: v for k, v in d.items() if k != "Instances"} for d in documents if not d["Instances"]]
    )
    boxes = pd.json_normalize(documents, "Instances", ["item_id", "Name", "Confidence"], record_prefix="instance.")
    frame = pd.concat([plain, boxes])
    for column in ("Parents", "Aliases", "Categories"):
        names = frame[column].map(lambda rows: "; ".join(r["Name"] for r in rows) if isinstance(rows, list) else None)
        frame[column] = names
    frame.to_csv(Path(home) / "normalized.csv", index=False)
    frame.to_parquet(Path(home) / "normalized.parquet")
    return {"seconds": time.perf_counter() - start, "rows": len(frame)}


def peak_mb() -> float:
    """Peak of this process's memory. Not ru_maxrss, which a process inherits from the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def whole_report(home: str) -> dict[str, float]:
    """`rekscan report`: tables, costs, dictionary, page and summary."""
    from rekscan.cli import main

    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(["report", JOB, "--home", home])
    rows = json.loads((Path(home) / JOB / "reports" / "tables.json").read_text())["rows"]
    return {"seconds": time.perf_counter() - start, "rows": sum(rows.values())}


SIDES = {"ours": ours, "report": whole_report, "at_once": at_once, "one_by_one": one_by_one}


def measured(side: str, home: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.tables", "0", "--side", side, "--keep", home]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(map(memory_mb, family(process.pid))))
            time.sleep(0.25)
        assert process.stdout
        return {**json.loads(process.stdout.read()), "mb": peak}


def family(pid: int) -> list[int]:
    """The process and all that it has started."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:  # it has just ended
        return []
    return [pid, *(one for child in children for one in family(child))]


def memory_mb(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(rollup.split("Pss:")[1].split()[0]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int)
    parser.add_argument("--keep", help="job home to use and keep")
    parser.add_argument("--no-comparison", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        gc.collect()
        result = SIDES[args.side](args.keep)
        print(json.dumps({**result, "cpu": sum(os.times()[:4])}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        home = args.keep or scratch
        make_job(home, args.items, broken=50)
        print(f"{args.items} items, 12 labels each")
        report("rekscan", measured("ours", home), args.items)
        report("rekscan report", measured("report", home), args.items)
        if not args.no_comparison:
            if args.items <= 2 * BATCH:  # a million would take more memory than most machines have
                report("json_normalize, all at once", measured("at_once", home), args.items)
            report("json_normalize, one by one", measured("one_by_one", home), args.items)


def report(name: str, result: dict[str, float], items: int) -> None:
    each = result["seconds"] / items * 1e6
    print(f"{name:27} {result['seconds']:8.1f} s  {each:7.0f} us/item  {result['rows']:>10.0f} rows", end="")
    print(f"  cpu {result['cpu']:.1f} s  peak {result['mb']:.0f} MB")


if __name__ == "__main__":
    main()
