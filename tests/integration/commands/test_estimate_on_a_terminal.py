"""What an estimate and the plan of a scan show on a screen: the price last, and seen."""

from pathlib import Path

import pytest

from tests.support.scans import make_photos
from tests.support.terminal import on_terminal

LINE = ["estimate", "--images", "200000", "--api", "labels,moderation", "--region", "us-east-1"]


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (200, 50)])
def test_the_price_is_the_last_thing_on_the_screen_and_fits_it(columns: int, lines: int, tmp_path: Path) -> None:
    shown = on_terminal(*LINE, columns=columns, lines=lines, cwd=tmp_path)
    assert len(shown) < lines
    assert max(map(len, shown)) <= columns
    assert shown[0] == "200,000 images in us-east-1"
    assert [line.strip() for line in shown[-3:]] == [
        "$400.00 for 200,000 images",
        "labels      200,000 images  $200.00",
        "moderation  200,000 images  $200.00",
    ]


def test_a_year_of_months_and_all_assumptions_still_end_with_the_price(tmp_path: Path) -> None:
    shown = on_terminal(*LINE, "--monthly", "200000", "--explain", cwd=tmp_path)
    assert any(line.strip().startswith("- Each API on each image") for line in shown)
    assert max(map(len, shown)) <= 80
    screen = shown[-23:]
    assert any(line.startswith("$5,200.00 for 200,000 images, 200,000 images a month for 12") for line in screen)
    assert shown[-1].strip() == "moderation  2,600,000 images  $2,600.00"


@pytest.mark.parametrize("columns", [80, 200])
def test_the_plan_of_a_scan_fits_the_screen_and_ends_with_the_price_in_the_question(
    tmp_path: Path, columns: int
) -> None:
    make_photos(tmp_path / "photos", 3)
    words = ["scan", "photos", "--api", "labels,faces", "--rekognition-endpoint-url", "http://127.0.0.1:9"]
    shown = on_terminal(*words, "--region", "us-east-1", columns=columns, cwd=tmp_path, typed="n\n", code=1)
    plan = shown[shown.index("3 images in us-east-1") :]
    at = next(n for n, line in enumerate(plan) if line.startswith("Answers come from http://127.0.0.1:9, not from AWS"))
    assert len(plan) < 24 and max(map(len, plan[:at])) <= columns
    assert " ".join(plan[1:3]).startswith("3 images are compared when they are read: copies, and what an earlier job")
    assert any(line.split() == ["labels", "image-group-2", "3", "$0.001", "$0.003", "price-list"] for line in plan)
    assert any(line.startswith("Pay $0.006 for 6 calls? [y/N]") for line in plan[at:])
    assert "not approved; nothing was paid" in " ".join(plan[at:])
