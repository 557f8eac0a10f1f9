"""What a person would say of an API's rows, for the first line of a report: "people in 9", "nothing flagged as unsafe".

Rule: words alone. `{n}` stands for in how many pictures, `{names}` for the most frequent names with theirs. Sights of
several APIs with the same words are one sight.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sight:
    """A row counts whose `column` has `value` (None: any value); without a column each row does."""

    some: str
    none: str  # "": an API that may have been told not to look, so nothing is said
    column: str | None = None
    value: Any = None
    minor: bool = False  # said only where there is nothing else to say

    @property
    def named(self) -> bool:
        """Whether its words tell names."""
        return "{names}" in self.some

    @property
    def thing(self) -> str:
        """What is seen, without how often: `people`, `flagged as unsafe`."""
        text = self.some
        for words in (" ({names})", " in {n}", " of {n}", "{n} "):
            text = text.replace(words, "")
        return text


def people(column: str | None = None, value: Any = None, none: str = "no people") -> Sight:
    """People, by the rows of any API that sees them."""
    return Sight("people in {n}", none, column, value)
