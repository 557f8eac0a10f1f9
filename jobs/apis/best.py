"""The most confident of many names, gathered one after the other.

Rule: memory is bounded whatever an answer holds; names beyond the bound are not counted.
"""

from jobs.apis.columns import summary

MOST_NAMES = 10_000


class Best:
    """Names, each with its highest confidence."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def add(self, name: str | None, confidence: float | None) -> None:
        if not name:
            return
        if name in self.found or len(self.found) < MOST_NAMES:
            self.found[name] = max(self.found.get(name, 0.0), confidence or 0.0)

    @property
    def top(self) -> str | None:
        """The five most confident ones, as `summary` says it."""
        return summary([{"Name": name, "Confidence": confidence} for name, confidence in self.found.items()])
