"""What commands cost before they do anything: CPU time of each, beside that of importing boto3.

    python -m benchmarks.start [--rounds 5]

In turns; of each, the best round counts. The jobs looked at are over. `a worker` is what a worker process imports.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.running import environment, table

BOTO3 = "python -c 'import boto3'"
HOME = Path(__file__).parents[1] / "tests" / "fixtures" / "jobs" / "finished" / "home"
WORKER = "from jobs.starting import start_light; start_light(); import workers.serve"
COMMANDS = {
    BOTO3: ["-c", "import boto3"],
    **{
        line: ["-m", "rekscan", *line.split()]
        for line in ("--help", "estimate --images 1000 --api labels", "prices", "quotas", "apis", "jobs", "status")
    },
    "a worker": ["-c", WORKER],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="rekscan-") as scratch:
        home = shutil.copytree(HOME, Path(scratch) / "home")
        env = {**os.environ, "REKSCAN_HOME": str(home), "AWS_REGION": "us-east-1", "PYTHONPYCACHEPREFIX": scratch}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: compiled once, here by a round that is not counted
        took = [{name: cpu_seconds(command, env) for name, command in COMMANDS.items()} for _ in range(rounds + 1)]
    best = {name: min(each[name] for each in took[1:]) for name in COMMANDS}
    print(environment())
    rows = [[name, f"{seconds:.2f} s", f"{seconds / best[BOTO3]:.1f}"] for name, seconds in best.items()]
    print(table(["command", "CPU", "boto3 = 1"], rows))


def cpu_seconds(command: list[str], env: dict[str, str]) -> float:
    """User and system time of one process of this Python."""
    before = _children()
    subprocess.run([sys.executable, *command], env=env, check=True, stdout=subprocess.DEVNULL)
    return _children() - before


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    main()
