"""What an estimate shows on a screen: the price last, and seen."""

from pathlib import Path

import pytest

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
