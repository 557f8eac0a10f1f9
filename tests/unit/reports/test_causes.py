"""Every code of our own has its advice, and is written in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.codes import Code
from reports.facts.causes import ADVICE, advice

HOUSE = Path(__file__).parents[3]
CODES = frozenset(Code)
FILES = [path for room in ("jobs", "workers", "reports", "rekscan") for path in (HOUSE / room).rglob("*.py")]


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_its_advice(code):
    assert ADVICE[code].endswith(".")


def test_what_follows_the_colon_changes_no_advice():
    assert advice("job", "skipped", "archived: GLACIER") == ADVICE[Code.ARCHIVED]


def test_an_unknown_failure_can_be_tried_again():
    assert "rekscan retry job --code Odd" in advice("job", "failed", "Odd")


def _bare(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            head, colon, _ = node.value.partition(": ")
            if head in CODES and (colon or node.value == head):
                yield f"{node.lineno}: {node.value!r}"


def test_no_code_is_written_as_a_bare_string():
    bare = {path: list(_bare(ast.parse(path.read_text()))) for path in FILES if path != HOUSE / "jobs" / "codes.py"}
    assert {str(path.relative_to(HOUSE)): lines for path, lines in bare.items() if lines} == {}
