"""docs/notebook.ipynb runs, cell after cell, on a real job; its pictures are right."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from jobs.errors import RekscanError
from reports.pictures import draw_boxes, open_item
from reports.tables.load import load
from tests.browser.gallery_job import ROTATED, draw_job
from tests.support.places import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_job(tmp_path, 20)
    monkeypatch.setenv("REKSCAN_HOME", str(tmp_path / "jobs"))
    names: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), names)
    assert names["found"] > 0
    assert isinstance(names["picture"], Image.Image)


def test_an_item_opens_upright_and_its_box_lies_on_what_was_found(tmp_path: Path) -> None:
    drawn = draw_job(tmp_path, 8)
    labels = load(drawn.folder.job, str(tmp_path / "jobs"))["labels"]
    row = labels.query("item_id == @ROTATED and name == 'Red Rectangle'").iloc[0]
    image = open_item(row)
    assert image.width < image.height
    middle = (int((row["left"] + row["width"] / 2) * image.width), int((row["top"] + row["height"] / 2) * image.height))
    red, green, blue = image.getpixel(middle)
    assert red > 180 and green < 70 and blue < 70
    boxed = draw_boxes(image, labels[labels["item_id"] == ROTATED])
    corner = (int(row["left"] * image.width), int((row["top"] + row["height"] / 2) * image.height))
    assert boxed.getpixel(corner) != image.getpixel(corner)
    assert boxed.size == image.size


def test_rows_without_boxes_draw_nothing(tmp_path: Path) -> None:
    image = Image.new("RGB", (50, 40), "white")
    rows = pd.DataFrame({"name": ["Sky"], "left": [None], "top": [None], "width": [None], "height": [None]})
    assert draw_boxes(image, rows).tobytes() == image.tobytes()
    assert draw_boxes(image, []) is not image


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(RekscanError, match="No such file"):
        open_item({"uri": str(tmp_path / "gone.jpg")})
    with pytest.raises(RekscanError, match="not on this machine"):
        open_item({"uri": "s3://bucket/a.jpg"})
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(RekscanError, match="no picture"):
        open_item({"uri": str(tmp_path / "notes.txt")})
