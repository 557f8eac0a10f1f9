"""What a process has to say while it works, and what it leaves of an error nobody foresaw.

Rule: set up once, by the program that runs. Nothing here raises for a place that cannot be written.
"""

import logging
import os
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from jobs.errors import UsageError
from jobs.redact import redact
from jobs.words import visible_lines

LEVEL = "REKSCAN_LOG"


def set_up(form: str) -> None:
    """Log on stderr from the level of REKSCAN_LOG on, each line in `form`. Raises UsageError for a level there is
    not."""
    level = os.environ.get(LEVEL, "WARNING").upper()
    if level not in logging.getLevelNamesMapping():
        raise UsageError(f"{LEVEL}={os.environ[LEVEL]}: there is no such level", "Levels: DEBUG, INFO, WARNING, ERROR.")
    handler = logging.StreamHandler()
    handler.setFormatter(_Harmless(form))
    logging.basicConfig(level=level, handlers=[handler])
    for talkative in ("botocore", "urllib3"):  # at DEBUG they write headers and what is signed
        logging.getLogger(talkative).setLevel(max(logging.INFO, logging.getLevelNamesMapping()[level]))


class _Harmless(logging.Formatter):
    """No secret, and nothing that steers the terminal a log is read on."""

    def format(self, record: logging.LogRecord) -> str:
        return visible_lines(redact(super().format(record)))


def keep_traceback(error: BaseException, folder: Path | None) -> str:
    """Write an error's traceback into a file of its own in `folder`, or among the temporary files; its path, or where
    else it can be seen."""
    text = redact("".join(traceback.format_exception(error)))
    name = f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}-"
    for place in (folder, None):
        with suppress(OSError):
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(".log", name if place else f"rekscan-{name}", place)  # its owner's alone
            with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  a descriptor
                file.write(text)
            return path
    return f"{LEVEL}=DEBUG shows it"
