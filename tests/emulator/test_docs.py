"""docs/emulator.md says what is so: its options exist, all of them are there, its pytest lines run."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

from emulator.cli import emulator
from emulator.models.catalogue import FILES
from emulator.operations import operation_of, registry
from emulator.server.behaviour import parse_fault

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "emulator.md").read_text("utf-8")


def test_every_option_is_documented_and_every_documented_one_exists() -> None:
    options = {"--" + name.replace("_", "-") for name in inspect.signature(emulator).parameters}
    written = set(re.findall(r"--[a-z][a-z0-9-]+", PAGE))
    assert options - written - {"--about"} == set()
    assert written - options == set()


def test_every_operation_is_documented() -> None:
    assert [name for name in registry() if name not in PAGE] == []


def test_the_faults_of_the_page_are_read() -> None:
    for what in ("500", "503", "400:InvalidImageFormatException", "ThrottlingException", "html=503", "slow=2.5"):
        assert f"`{what}`" in PAGE
        assert parse_fault(f"*:{what}:1%", operation_of).share == 0.01


def test_the_page_of_models_has_every_file_with_its_licence() -> None:
    page = (DOCS / "emulator-models.md").read_text("utf-8")
    for model in FILES:
        assert f"| {model.file} | {model.answers} | {model.source} | {model.licence} (" in page, model.file


def test_the_pytest_lines_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    conftest, test = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[1:3]
    (tmp_path / "conftest.py").write_text(conftest)
    upload = (
        "def tag_upload(path, client):\n"
        "    from emulator.photos import photo\n"
        "    client.detect_labels(Image={'Bytes': photo('cat.jpg')})\n"
    )
    (tmp_path / "test_upload.py").write_text(upload + "\n\n" + test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(DOCS.parent)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
