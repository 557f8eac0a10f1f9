"""A command on a pseudo-terminal of a given size: what a person sees. Colours are left out of what is returned."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

_ORDERS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(
    *words: str, columns: int = 80, lines: int = 24, cwd: Path | None = None, typed: str = "", code: int = 0
) -> list[str]:
    """The lines that `rekscan` shows, stdout and stderr together. `typed`: what a person has typed ahead. Raises
    AssertionError when it ends with another code."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    command = [sys.executable, "-m", "rekscan", *words]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, cwd=cwd, env=env | {"TERM": "xterm"})
    os.close(its)
    os.write(ours, typed.encode())
    said = b""
    with suppress(OSError):  # how Linux says that nobody has the other end any more
        while piece := os.read(ours, 65536):
            said += piece
    os.close(ours)
    assert process.wait() == code, said.decode()
    return _ORDERS.sub("", said.decode()).replace("\r\n", "\n").splitlines()
