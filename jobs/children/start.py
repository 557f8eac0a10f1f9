"""Python processes of our own, started by exec: never forked out of a process that has threads.

Rule: a child inherits nothing but the standard streams, so no socket of its parent, and ends itself at the end of its
stdin: that is when its parent is gone.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jobs


def start(module: str, arguments: Sequence[str] = (), **options: Any) -> subprocess.Popen[bytes]:
    """`python -m module`, with pipes to its stdin and from its stdout. `options`: more of Popen's."""
    root = str(Path(jobs.__file__).parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    # -P: a folder named `jobs` in the working directory must not be imported in place of ours.
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, inherited)))},
        **options,
    )
