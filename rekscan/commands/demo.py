"""`rekscan demo`: a whole scan on real photos, offline and free."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jobs.errors import RekscanError
from rekscan.commands.scan import scan
from rekscan.console.output import say
from rekscan.settings import Connection

APIS = "labels,faces,text,moderation,properties,video-labels,video-segments"


def demo(
    *,
    connection: Connection | None = None,
    photos: Annotated[Path, Parameter(help="Where the sample photos are put.")] = Path("rekscan-demo"),
    json: Annotated[bool, Parameter(help="End with the status document.", negative=())] = False,
) -> int:
    """Gather sample photos and a short film, and scan them with the bundled emulator: no AWS account, no cost.

    Example: `rekscan demo`
    """
    # Another program, as for the scan itself: the emulator is known by its command line alone.
    gathered = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "emulator.photos", str(photos)],
        capture_output=True,
        text=True,
    )
    if gathered.returncode != 0:
        raise RekscanError(
            f"the sample photos could not be written to {photos}", (gathered.stderr.strip().splitlines() or [""])[-1]
        )
    written = len(gathered.stdout.splitlines())
    say(f"{written} sample files in {photos}: photos, a short film, and some trouble on purpose.")
    say("The same by hand: ", (f"rekscan scan {shlex.quote(str(photos))} --api {APIS} --local", "bold"), "\n")
    return scan([str(photos)], api=[APIS], connection=connection, local=True, json=json)
