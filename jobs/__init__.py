"""What to do: catalogue, sources, media checks, plan, price, quotas, job folder, ledger."""

import os
import sys

# Arrow reads this when it is loaded. Its own choice keeps what it was given: 80 MB over the tables of a million items.
if sys.platform == "linux":
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
