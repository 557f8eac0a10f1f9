"""A `rekscan` command whose manifests have parts of twenty items: `python -m tests.faults.small_parts scan ...`."""

import rekscan.scans.listing
from rekscan.cli import main

rekscan.scans.listing.PART_ROWS = 20
main()
