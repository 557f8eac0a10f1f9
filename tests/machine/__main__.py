"""`python -m tests.machine --runs 100000 --seed 1 --processes 2`: many runs, with progress; each failure shrunk.

--seed 4711 --runs 1     one run, told step by step
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from jobs.words import duration
from tests.machine.run import machine
from tests.machine.search import shortened, stories, told
from tests.machine.world import Story

_TOGETHER = 50  # runs of one task


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the others follow")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--shrink", type=int, default=1, help="failures of each fifty runs that are made short")
    options = parser.parse_args()
    if options.runs == 1:
        with machine() as made:
            story = made.run(options.seed)
            print(told(story))
            if story.broken is not None and options.shrink:
                print("made short:\n" + told(shortened(made, story)))
        return int(story.broken is not None)
    rules: Counter[str] = Counter()
    for story in _all(options):
        assert story.broken is not None
        rules[story.broken.rule] += 1
        print(told(story), flush=True)
    print(f"{options.runs:,} runs, {rules.total()} broken: {dict(rules)}")
    return int(bool(rules))


def _all(options: argparse.Namespace) -> Iterator[Story]:
    """Failures as they come, with progress on stderr."""
    began = time.monotonic()
    end = options.seed + options.runs
    batches = [range(s, min(s + _TOGETHER, end)) for s in range(options.seed, end, _TOGETHER)]
    done = 0
    with ProcessPoolExecutor(options.processes) as pool:
        tasks = {pool.submit(stories, batch, options.shrink): batch for batch in batches}
        for task in as_completed(tasks):
            yield from task.result()
            done += len(tasks[task])
            took = time.monotonic() - began
            left = took / done * (options.runs - done)
            print(f"{done:,}/{options.runs:,} runs, {done / took:.1f}/s, ETA {duration(left)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
