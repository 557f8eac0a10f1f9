"""The user's own celebrities: a folder of photos named after people.

`Ada Lovelace.jpg` is Ada Lovelace, `Ada Lovelace 2.jpg` and `Ada Lovelace/any.png` another photo of her.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import AwsError, OptionError
from emulator.faces.faces import distance, largest
from emulator.models.features import Seen

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    id: str
    vector: list[float]


class Gallery:
    def __init__(self) -> None:
        self._entries: list[Entry] = []

    async def load(self, folder: Path, look: Callable[[bytes, tuple[str, ...]], Awaitable[Seen]]) -> None:
        """The largest face of every photo; a photo without one is named and left out."""
        if not folder.is_dir():
            raise OptionError(f"--gallery {folder}: not a folder")
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                continue
            try:
                seen = await look(path.read_bytes(), ("faces", "vectors"))
            except AwsError as failure:
                print(f"gallery: {path.name} left out: {failure.message}", file=sys.stderr)
                continue
            places = largest(seen, 1)
            if not places:
                print(f"gallery: {path.name} left out: no face found", file=sys.stderr)
                continue
            name = _name(path, folder)
            number = hashlib.sha256(name.encode()).hexdigest()[:8]
            self._entries.append(Entry(name, number, seen["vectors"][places[0]]))

    def nearest(self, vector: list[float]) -> tuple[Entry | None, float]:
        if not self._entries:
            return None, float("inf")
        apart, place = min((distance(vector, entry.vector), place) for place, entry in enumerate(self._entries))
        return self._entries[place], apart


def _name(path: Path, folder: Path) -> str:
    if path.parent != folder:
        return path.parent.name.replace("_", " ")
    return re.sub(r"[ _-]*\d*$", "", path.stem).replace("_", " ") or path.stem
