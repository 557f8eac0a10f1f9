"""A worker process: `python -m workers`, told what to do by the environment (see workers/config.py)."""

import logging
import sys

from jobs.logs import keep_traceback, set_up
from jobs.starting import start_light

start_light()  # before Arrow's datasets come in, which look for it

from workers.config import WorkerConfig  # noqa: E402
from workers.serve import serve  # noqa: E402


def main() -> int:
    """Serve until told to stop; the exit code. What ends it otherwise is one line of its log, which names the rest."""
    try:
        set_up("%(asctime)s %(levelname)s %(name)s: %(message)s")
        return serve(WorkerConfig())
    except Exception as error:
        kept = keep_traceback(error, None)
        what = " ".join(str(error).split())
        logging.critical("this worker ends: %s: %s (traceback: %s)", type(error).__name__, what, kept)
        return 1


if __name__ == "__main__":
    sys.exit(main())
