"""How the command line talks: results on stdout, everything else on stderr."""

import sys
from typing import Any

import orjson
from rich.console import Console

talk = Console(stderr=True, highlight=False)
results = Console(highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
