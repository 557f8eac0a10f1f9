"""`rekscan apis` and docs/apis.md say what the catalogue says."""

import json

import pytest
from cogapp import Cog

from jobs.apis import catalogue, parse, video_catalogue
from rekscan.cli import run
from tests.support.places import ROOT

DOCS = ROOT / "docs" / "apis.md"


def test_json_holds_every_api_with_all_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apis", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(found) == {*catalogue(), *video_catalogue()}
    assert {name for name, one in found.items() if one["estimate_only"]} == set(video_catalogue())
    labels = found["labels"]
    assert (labels["operation"], labels["meters"], labels["table"]) == ("DetectLabels", ["image-group-2"], "labels")
    assert labels["limits"] == {"bytes": 5_242_880, "s3_bytes": 15_728_640, "min_side_px": 80, "max_side_px": 10_000}
    assert {param["name"]: param["default"] for param in labels["params"]} == dict(parse(["labels"])[0].params)
    assert labels["params"][0] | {"help": ""} == {
        "name": "min_confidence",
        "type": "float",
        "required": False,
        "default": 55.0,
        "minimum": 0,
        "maximum": 100,
        "choices": [],
        "pattern": None,
        "least": 0,
        "most": None,
        "help": "",
    }


def test_a_pipe_gets_one_line_per_api_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apis"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [*catalogue(), *video_catalogue()]
    assert [line[0] for line in lines if "Estimate only" in line[4]] == list(video_catalogue())
    assert {len(line) for line in lines} == {5}


def test_the_page_in_docs_is_what_the_catalogue_generates() -> None:
    assert Cog().main(["cog", "--check", str(DOCS)]) == 0, "run `cog -r docs/apis.md`"
