"""How the house is built, beyond what import-linter's contracts in pyproject.toml hold."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOMS = ("rekscan", "workers", "reports", "jobs", "emulator")
HOUSE = Path(__file__).parents[2]
INDENTED = re.compile(rf"^\s+(from|import) ({'|'.join(ROOMS)})\b", re.M)


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, include_external_packages=False, cache_dir=None)


@cache
def texts() -> dict[Path, str]:
    return {path: path.read_text() for room in ROOMS for path in sorted((HOUSE / room).rglob("*.py"))}


def test_no_file_imports_itself_on_any_way_round():
    """The contract looks at siblings; this looks at a package and its modules too. Imports inside functions and for
    type checkers count."""
    TopologicalSorter({name: imports().find_modules_directly_imported_by(name) for name in imports().modules}).prepare()


def test_a_disposable_child_starts_without_what_reaches_aws():
    children = [name for name in imports().modules if name.endswith("child") and name != "jobs.children.child"]
    assert len(children) >= 5
    loaded = {child: [name for name in _loaded_with(child) if name.startswith("jobs.aws")] for child in children}
    assert loaded == {child: [] for child in children}


def _loaded_with(module: str) -> set[str]:
    """The modules of the house that are loaded when this one is: packages run before what is in them."""
    found, left = set(), [module]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [*imports().find_modules_directly_imported_by(name), *filter(None, [name.rpartition(".")[0]])]
    return found


def _hidden(tree: ast.Module) -> Iterator[ast.stmt]:
    """Imports of the house inside functions."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if any(name.split(".")[0] in ROOMS for name in names):
            yield node


def test_an_import_inside_a_function_says_why_on_its_line():
    unexplained = []
    for path, text in texts().items():
        if not INDENTED.search(text):
            continue  # what a parser would find
        lines = text.splitlines()
        hidden = [node.lineno for node in _hidden(ast.parse(text)) if "#" not in lines[node.lineno - 1]]
        unexplained += [f"{path.relative_to(HOUSE)}:{line}" for line in hidden]
    assert unexplained == []


def test_a_module_begins_with_what_it_is_for():
    assert [path for path, text in texts().items() if not re.match(r'(#.*\n)*"""[^\s"]', text)] == []


def test_no_module_is_named_like_one_of_the_standard_library():
    names = {path: path.stem if path.name != "__init__.py" else path.parent.name for path in texts()}
    assert [path for path, name in names.items() if name in sys.stdlib_module_names - {"__main__"}] == []


def test_a_test_that_the_edges_name_is_there():
    named = set(re.findall(r"`(test_\w+)`", (HOUSE / "docs" / "edges.md").read_text()))
    tests = "\n".join(path.read_text() for path in (HOUSE / "tests").rglob("test_*.py"))
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
    assert len(named) > 10
