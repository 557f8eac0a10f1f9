"""The Regions that AWS has, as far as the installed botocore lists them; it is read, not imported.

Rule: a name that is no Region of AWS is refused where AWS is what is asked. Source: botocore's data/partitions.json.
"""

from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson

from jobs.errors import UsageError


@cache
def regions() -> frozenset[str]:
    """Of all partitions; empty when botocore keeps them elsewhere."""
    spec = find_spec("botocore")
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / "data" / "partitions.json" if folders else None
    if file is None or not file.exists():
        return frozenset()
    partitions = orjson.loads(file.read_bytes())["partitions"]
    names = (name for partition in partitions for name in partition["regions"])
    return frozenset(name for name in names if not name.endswith("-global"))


def refuse_unknown(region: str) -> None:
    """Raises UsageError for a Region that AWS does not have, with the nearest it has."""
    known = regions()
    if not known or region in known:
        return
    near = get_close_matches(region.lower(), sorted(known), 5)
    meant = max(near, key=lambda name: sorted(name) == sorted(region.lower()), default=None)  # else the nearest
    guess = f"Did you mean {meant}?" if meant else "Name one as us-east-1."
    raise UsageError(f"AWS has no Region {region!r}", f"{guess} (A new one may need a newer botocore.)")
