"""How processes of ours start: without pandas, and with a garbage collector that seldom looks.

Arrow imports pandas, if it is there, to see whether a list is one of its kind: a third of a second and 40 MB in each
process. Collecting while modules are imported, which make no garbage, is an eighth of what is left.
Rule: only a program calls this, first of all, and never a module that others import.
"""

import gc
import sys

_NEW_OBJECTS = 50_000  # before the collector looks; Python's own 700 are for programs that start small


def start_light() -> None:
    """From now on this process has no pandas, and collects seldom."""
    gc.set_threshold(_NEW_OBJECTS)
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas:
    """A finder, as `sys.meta_path` has them."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError("this process does without pandas")
