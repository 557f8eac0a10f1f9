"""What is printed is text: no part of it is taken for markup, nor for orders to a terminal."""

import ast
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rekscan.console.output import Terminal, fit_streams, print_document, print_json, print_line, print_lines, say
from rekscan.console.plan import rich_table
from tests.support.places import ROOT

FOREIGN = ["[red]", "x [/b]/jobs", "[link=http://a]b", ":dog:.jpg", "[::1]:6379", "a\\[b]", "file\x1b[31m.jpg"]
FILES = sorted(path for room in ("rekscan", "workers", "reports", "jobs") for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("text", FOREIGN)
def test_foreign_text_is_printed_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say("in ", (text, "bold"), f": {text}")
    print_line(text)
    shown = text.replace("\x1b", "␛")
    assert capsys.readouterr() == (f"{shown}\n", f"in {shown}: {shown}\n")


@pytest.mark.parametrize("text", FOREIGN)
def test_a_table_on_a_terminal_shows_it_as_it_is(text: str) -> None:
    terminal = Terminal(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    table = rich_table([text], [[text]])
    table.caption = text
    terminal.print(table)
    assert terminal.file.getvalue().count(text.replace("\x1b", "␛")) == 3  # type: ignore[attr-defined]


def test_no_control_character_of_foreign_text_reaches_a_terminal_or_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "".join(map(chr, [*range(1, 9), *range(11, 32), *range(127, 160), 0x202E, 0x2066, 0xDCFF]))
    print_line(hostile + "\n\t")
    print_lines(hostile)
    say(hostile)
    out, err = capsys.readouterr()
    assert not set(hostile) & set(out + err)
    assert out.count("\n") == 2


def test_a_document_is_exact_in_a_pipe_and_harmless_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    text = "\x9b1m\x1b\u202e=é"
    print_document([text])
    assert capsysbinary.readouterr().out == text.encode()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_document([text])
    assert capsysbinary.readouterr().out.decode() == "\ufffd1m␛\ufffd=é"


@pytest.mark.parametrize("value", ["\udcff.jpg", 2**70, {1: "a"}, "é"])
def test_json_is_printed_of_whatever_there_is(value: object, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    print_json({"value": value})
    document = json.loads(capsysbinary.readouterr().out.decode())
    assert document == {"value": {"1": "a"} if isinstance(value, dict) else value}


def test_a_terminal_without_our_signs_gets_plain_ones_and_documents_stay_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    fit_streams()
    print_line("é █▌ \x1b …")
    print_json({"é": "東京"})
    assert written.getvalue().decode() == '\\xe9 ## \\u241b ...\n{\n  "é": "東京"\n}\n'


def _uses_markup(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "rich.markup":
            yield "rich.markup"
        if isinstance(node, ast.Attribute) and node.attr == "from_markup":
            yield "from_markup"
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            flags = {word.arg: word.value for word in node.keywords}
            if name in ("Console", "RichHandler", "Panel"):
                yield name
            if name == "TextColumn" and not (
                isinstance(flags.get("markup"), ast.Constant) and flags["markup"].value is False  # type: ignore[attr-defined]
            ):
                yield "TextColumn with markup"


def _parsed(*words: str) -> Iterator[tuple[Path, ast.Module]]:
    """The modules in which one of the words is: the others need no parser."""
    for path in FILES:
        if any(word in (text := path.read_text()) for word in words):
            yield path.relative_to(ROOT), ast.parse(text)


def test_nothing_is_given_to_a_parser_of_markup() -> None:
    modules = dict(_parsed("rich.markup", "from_markup", "Console", "RichHandler", "Panel", "TextColumn"))
    assert Path("rekscan/console/output.py") in modules
    assert [(path, found) for path, tree in modules.items() if (found := list(_uses_markup(tree)))] == []


def test_nobody_else_writes_to_a_stream() -> None:
    """`print` of a module's own `python -m` aside, which has no foreign text."""
    streams = {"sys.stdout.write", "sys.stderr.write", "results.file.write", "talk.file.write"}
    writers = {
        path.as_posix()
        for path, tree in _parsed("sys.stdout", "sys.stderr", "results.file", "talk.file")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "write" and ast.unparse(node) in streams
    }
    assert writers == {"rekscan/console/output.py"}
