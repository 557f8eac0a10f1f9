"""The bundled models before AWS's (`--first local`): how fast they look at pictures. What they spare and miss stands
with the conditions (cascade.py).

Rule: they take time and no money, so they are no line of a plan.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jobs.apis import Choice
from jobs.words import count, duration, many

# Seconds of a core for a look at one picture of 12 megapixels, and once for each picture, to decode it:
# `python -m benchmarks.first_stage`, docs/conditions.md.
LOOK_S = {"local.faces": 0.09, "local.labels": 0.12, "local.nudity": 0.055, "local.text": 0.61}
PICTURE_S = 0.065


@dataclass(frozen=True, slots=True)
class FirstStage:
    """`apis`: what they answer. `cores`: of this machine."""

    apis: tuple[str, ...]
    images: int
    cores: int

    @property
    def per_core(self) -> float:
        """Images a second."""
        return 1 / (PICTURE_S + sum(LOOK_S[name] for name in self.apis))

    @property
    def seconds(self) -> float:
        return self.images / self.per_core / self.cores

    def notes(self) -> Iterator[str]:
        on = "the one core" if self.cores == 1 else f"the {self.cores} cores"
        yield f"First the bundled models look at {many(self.images, 'image')} ({', '.join(self.apis)}), for nothing:"
        yield f"  about {count(self.per_core, 1)} images/s a core, {duration(self.seconds)} on {on} of this machine"

    def to_json(self) -> dict[str, Any]:
        return {
            "apis": list(self.apis),
            "images": self.images,
            "images_per_second_per_core": round(self.per_core, 1),
            "cores": self.cores,
            "seconds": round(self.seconds, 1),
        }


def first_stage(choices: Iterable[Choice], images: int, cores: int) -> FirstStage | None:
    """None where they are not asked."""
    apis = tuple(choice.api.name for choice in choices)
    return FirstStage(apis, images, cores) if apis else None
