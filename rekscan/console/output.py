"""How the command line talks: results on stdout, everything else on stderr.

Rule: nothing that is printed is markup, a secret or an order to the terminal, and all of it passes here. What people
read fits the terminal, whatever its encoding; documents (JSON, CSV) are UTF-8 and, anywhere but on a terminal, exact.
"""

import codecs
import io
import json
import sys
from collections.abc import Iterable
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from jobs.redact import redact
from jobs.words import visible, visible_lines

_ANY = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS


class Terminal(Console):
    """A console on which a string is text: no markup, no emoji names, control characters as signs."""

    def render_str(self, text: str, *, style: Any = "", justify: Any = None, overflow: Any = None, **_: Any) -> Text:
        return Text(visible_lines(redact(text)), style=style, justify=justify, overflow=overflow)


talk = Terminal(stderr=True)
results = Terminal(soft_wrap=True)


def say(*parts: str | tuple[str, str]) -> None:
    """One message on stderr, out of texts and (text, style)."""
    pairs = [part if isinstance(part, tuple) else (part, "") for part in parts]
    talk.print(Text.assemble(*((visible_lines(redact(text)), style) for text, style in pairs)), soft_wrap=True)


def print_line(text: str) -> None:
    """One line, whatever is in it."""
    _write(visible(redact(text)) + "\n")


def print_lines(text: str) -> None:
    """Text of our own that has several lines; of what is foreign in it, only newlines and tabs go through."""
    _write(visible_lines(redact(text)) + "\n")


def print_json(document: Any, *, exact: bool = False) -> None:
    """`exact`: values of tables, which have no secrets; anything else may tell of a URL."""
    try:
        text = orjson.dumps(document, option=_ANY, default=str).decode()
    except orjson.JSONEncodeError:  # a number over 64 bits, a file name that is no UTF-8
        text = json.dumps(document, indent=2, default=str)
    print_document([text if exact else redact(text), "\n"])


def print_document(pieces: Iterable[str]) -> None:
    """For programs: UTF-8 in any locale, and as it is, unless a person's terminal is there to read it."""
    binary = getattr(sys.stdout, "buffer", None)
    sys.stdout.flush()
    for piece in pieces:
        if binary is None or sys.stdout.isatty():
            sys.stdout.write(visible_lines(piece))
        else:
            binary.write(piece.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def fit_streams() -> None:
    """What the terminal's encoding has no sign for is written in plain signs; nothing fails for it."""
    codecs.register_error("rekscan", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="rekscan")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(sign: str) -> str:
    """Bars as `#`, a spinner as `*`, our own dots as dots; anything else by its number."""
    if "\u2580" <= sign <= "\u259f":
        return "#"
    if "\u2800" <= sign <= "\u28ff":
        return "*"
    return "..." if sign == "…" else sign.encode("ascii", "backslashreplace").decode()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
