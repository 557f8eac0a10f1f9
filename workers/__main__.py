"""A worker process: `python -m workers`, told what to do by the environment (see workers/config.py)."""

import logging
import os
import sys

from jobs.without_pandas import keep_pandas_out
from workers.config import WorkerConfig
from workers.serve import serve

if __name__ == "__main__":
    logging.basicConfig(
        level=os.environ.get("REKSCAN_LOG", "WARNING").upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    keep_pandas_out()
    sys.exit(serve(WorkerConfig()))
