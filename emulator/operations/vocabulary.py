"""From the models' class numbers to labels in Rekognition's vocabulary: names, parents, aliases, categories.

`labels.json` is the map, written by hand for this project: the 80 COCO and 1000 ImageNet classes by number, and for
every label its parents (nearest first), aliases and category.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

PERSON = 0  # its number among the 80


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    parents: tuple[str, ...]
    aliases: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    labels: dict[str, Label]
    things: tuple[str, ...]
    scenes: tuple[str, ...]


@cache
def vocabulary() -> Vocabulary:
    document = json.loads(files(__package__).joinpath("labels.json").read_text("utf-8"))
    labels = {
        name: Label(name, tuple(entry["parents"]), tuple(entry["aliases"]), entry["category"])
        for name, entry in document["labels"].items()
    }
    return Vocabulary(labels, tuple(document["coco"]), tuple(document["imagenet"]))
