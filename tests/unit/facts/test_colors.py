"""Colours by the names people use."""

import pytest

from reports.facts.colors import color_name


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("#bf6e3b", "brown"), ("#000000", "black"), ("#FFFFFF", "white"), ("#708090", "grey"), ("#b22222", "red"),
        ("#87ceeb", "light blue"), ("#123456", "dark blue"), ("#228b22", "green"), ("#ffd700", "yellow"),
        ("#f4a460", "orange"), ("#4b3621", "dark brown"), ("#dda0dd", "lilac"), ("#2f4f4f", "dark grey"),
        ("#ff69b4", "pink"), ("#c0c0c0", "light grey"), ("#556b2f", "olive"), ("#008b8b", "teal"),
    ],
)  # fmt: skip
def test_a_colour_has_the_name_a_person_would_say(code: str, name: str) -> None:
    assert color_name(code) == name
