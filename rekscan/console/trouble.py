"""An error that no command foresaw, in one line: what it was, and where its traceback is.

Rule: the one place that catches everything. What other libraries raise for a person's settings or for a server is said
in their words; the rest is a bug.
"""

import errno
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from cyclopts import CoercionError, CycloptsError

from jobs.errors import RekscanError
from jobs.later import Later
from jobs.logs import keep_traceback
from jobs.words import short

if TYPE_CHECKING:
    import pydantic

    from jobs.ledger import server
else:
    pydantic, server = Later("pydantic"), Later("jobs.ledger.server")

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
# Where an error's class is, what it is about, what to do. A module that was never imported raised nothing.
_LIBRARIES = (
    ("botocore.exceptions", "BotoCoreError", "AWS", "`rekscan doctor` shows what it is asked with."),
    ("botocore.exceptions", "ClientError", "AWS", "`rekscan doctor` shows what it is asked with."),
)

# What is accepted where a value of this type is asked for.
_ACCEPTED: Mapping[object, str] = {
    int: "a whole number, as 1000000",
    float: "a number, as 0.5",
    Decimal: "a number, as 25 or 0.5",
    date: "a day, as 2026-12-01",
}

log = logging.getLogger(__name__)


def explained(error: Exception, words: Sequence[str] = ()) -> RekscanError:
    """What to print; the traceback is kept in a file, and shown with REKSCAN_LOG=DEBUG. `words`: the command line."""
    log.debug("an error that was not foreseen", exc_info=error)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return RekscanError(str(error), "Make room; `rekscan jobs` lists what there is to resume.")
    where = keep_traceback(error, _logs(words))
    if _is(error, "redis.exceptions", "RedisError"):
        why = server.explain(error)
        return RekscanError(why.what, f"{why.do} Traceback: {where}")
    for module, name, about, do in _LIBRARIES:
        if _is(error, module, name):
            return RekscanError(f"{about}: {_first_line(error)}", f"{do} Traceback: {where}")
    if isinstance(error, OSError):
        return RekscanError(str(error), f"Traceback: {where}")
    kind = type(error).__name__
    return RekscanError(f"{kind}: {_first_line(error)}", f"This is a bug: please report it with its traceback: {where}")


def _is(error: Exception, module: str, name: str) -> bool:
    family = getattr(sys.modules.get(module), name, None)
    return family is not None and isinstance(error, family)


def wrong_usage(error: CycloptsError) -> str:
    """What the parser of the command line says, in one line: of a value that pydantic refused, pydantic's reason; of
    one that is no number or day, what is accepted."""
    if isinstance(error, CoercionError) and error.token is not None and (accepted := _accepted(error.target_type)):
        name = error.token.keyword or (error.argument.name if error.argument else "a value")
        return f"Invalid value for {name}: unable to convert {_quoted(error.token.value)} into {accepted}."
    found = error.__cause__
    text = _first_line(error)
    if "pydantic" in sys.modules and isinstance(found, pydantic.ValidationError):
        return f"{text.partition(' 1 validation error')[0].rstrip('.')}: {found.errors()[0]['msg']}"
    return text


def _accepted(asked: object) -> str | None:
    plain = [one for one in get_args(asked) if one is not type(None)] or [asked]  # of `int | None`: int
    return _ACCEPTED.get(plain[0]) if len(plain) == 1 else None


def _quoted(value: str) -> str:
    return f'"{short(value, 60)}"'


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no more is known"])[0]


def _logs(words: Sequence[str]) -> Path | None:
    """The logs of the home that a command names, if that is there; the command itself may not have got so far."""
    named = [after for word, after in zip(words, [*words[1:], ""], strict=False) if word == "--home"]
    named += [word.removeprefix("--home=") for word in words if word.startswith("--home=")]
    home = [os.environ.get("REKSCAN_HOME") or "rekscan-jobs", *filter(None, named)][-1]
    try:
        return Path(home) / ".rekscan" / "logs" if Path(home).is_dir() else None
    except OSError:  # a name too long, or behind a folder that may not be entered
        return None
