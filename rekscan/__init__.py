"""rekscan in Python: `load` a job's tables as DataFrames, `estimate` and `submit` scans.

Everything is imported when it is first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rekscan.api import estimate as estimate
    from rekscan.api import load as load
    from rekscan.api import open_item as open_item
    from rekscan.api import submit as submit
    from reports.pictures import draw_boxes as draw_boxes

_WHERE = {
    "estimate": "rekscan.api",
    "submit": "rekscan.api",
    "load": "rekscan.api",
    "open_item": "rekscan.api",
    "draw_boxes": "reports.pictures",
}
__all__ = ["draw_boxes", "estimate", "load", "open_item", "submit"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'rekscan' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
