"""How long a video job takes at least: so much a job, and so much a minute of film."""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.errors import OptionError

_SECONDS = {"ms": 0.001, "s": 1.0}
_SPAN = r"(\d+(?:\.\d+)?)(ms|s)"


@dataclass(frozen=True, slots=True)
class Pace:
    job: float = 0.0
    minute: float = 0.0

    def seconds(self, ms: int) -> float:
        return self.job + self.minute * ms / 60_000


def parse_pace(text: str | None) -> Pace:
    """`20s`, `20s+6s/min`, `500ms+100ms/min`."""
    if not text:
        return Pace()
    match = re.fullmatch(rf"{_SPAN}(?:\+{_SPAN}/min)?", text.replace(" ", ""))
    if match is None:
        raise OptionError(f"--video-latency {text}: write 20s, or 20s+6s/min")
    minute = float(match[3]) * _SECONDS[match[4]] if match[3] else 0.0
    return Pace(float(match[1]) * _SECONDS[match[2]], minute)
