"""A `rekscan` command that takes every endpoint for AWS's: `python -m tests.faults.on_aws scan ...`."""

import jobs.folder.whose
from rekscan.cli import main

jobs.folder.whose.is_aws = lambda _: True
main()
