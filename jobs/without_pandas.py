"""Processes of ours do without pandas: Arrow imports it, if it is there, to see whether a list is one of its kind.

That is a third of a second and 40 MB in each. Rule: only a program calls this, never a module that others import.
"""

import sys
from importlib.abc import MetaPathFinder


def keep_pandas_out() -> None:
    """From now on this process has no pandas."""
    sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError("this process does without pandas")
