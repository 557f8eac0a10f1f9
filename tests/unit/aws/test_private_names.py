"""botocore's private names: all there at the version that is installed; without one, boto3 makes the calls."""

import ast
import logging
from pathlib import Path
from typing import Any

import pytest

from jobs.aws.lean import private_names
from jobs.aws.lean.methods import methods, transport
from tests.support.lean import client


def without(owner: Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a name from an object and its classes."""
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    classes = owner.__mro__ if isinstance(owner, type) else (owner, *type(owner).__mro__)
    for place in classes:
        if name in vars(place):
            monkeypatch.delattr(place, name)
    assert not hasattr(owner, name)


@pytest.mark.parametrize("path", [*private_names._CLIENT, *private_names._CALLS])
def test_without_a_private_name_of_the_client_boto3_makes_the_calls_and_it_is_said(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = client("http://127.0.0.1:1")
    assert transport(ours) == "lean"  # at the botocore that is installed, all are there
    without(ours, path, monkeypatch)
    assert methods(ours)("DetectLabels").__name__ == "detect_labels"
    assert [(r.levelname, path in r.getMessage()) for r in caplog.records] == [("WARNING", True)]


@pytest.mark.parametrize("owner, name", [(o, n) for o, names in private_names._LIBRARIES for n in names])
def test_without_a_private_name_of_a_library_boto3_makes_the_calls_and_it_is_said(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ours = client("http://127.0.0.1:1")
    without(owner, name, monkeypatch)
    assert methods(ours)("DetectLabels").__name__ == "detect_labels"
    assert name in caplog.text


def test_every_private_name_that_is_used_is_listed() -> None:
    listed = {part for path in (*private_names._CLIENT, *private_names._CALLS) for part in path.split(".")}
    listed |= {name for _, names in private_names._LIBRARIES for name in names}
    used: set[str] = set()
    for path in Path(private_names.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        own |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
        own -= {"_handle_structure", "_handle_list", "_parse_body_as_json"}
        names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr.startswith("_")}
        used |= {name for name in names - own if not name.startswith("__")}
    assert used <= listed | {"_to_sign"}
    assert {"_resolve_endpoint_ruleset", "_new_conn", "_credentials"} <= used


def test_boto3s_way_says_so_and_only_at_info_where_it_was_chosen(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="jobs.aws.lean.methods")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    methods(client("https://rekognition.example.com"))
    monkeypatch.setenv("REKSCAN_WIRE", "boto3")
    methods(client("https://rekognition.example.com"))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "calls go through boto3, because there is a proxy"),
        ("INFO", "calls go through boto3, because REKSCAN_WIRE=boto3 is set"),
    ]
