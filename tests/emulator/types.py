"""Types of the fixtures."""

from collections.abc import Callable

Photo = Callable[[str], dict[str, bytes]]
