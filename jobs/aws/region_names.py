"""The Regions that AWS has, by partition, as far as the installed botocore lists them; it is read, not imported.

Rule: a name that is no Region of AWS is refused where AWS is what is asked, and where there are several.
Source: botocore's data/partitions.json.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import orjson

from jobs.errors import UsageError


@cache
def regions() -> Mapping[str, str]:
    """Each Region with its partition: `aws`, `aws-cn`, ...; empty when botocore keeps them elsewhere."""
    spec = find_spec("botocore")
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / "data" / "partitions.json" if folders else None
    if file is None or not file.exists():
        return {}
    partitions = orjson.loads(file.read_bytes())["partitions"]
    names = ((name, partition["id"]) for partition in partitions for name in partition["regions"])
    return {name: partition for name, partition in names if not name.endswith("-global")}


def partition_of(region: str | None) -> str:
    """The partition of AWS that a Region is in; of one that is not listed the usual one."""
    return regions().get(region or "", "aws")


def is_name(text: str) -> bool:
    """Whether a Region may be called so, AWS's or that of another endpoint."""
    return re.fullmatch("[A-Za-z0-9-]{1,63}", text) is not None


def refuse_unknown(region: str) -> None:
    """Raises UsageError for a Region that AWS does not have, with the nearest it has."""
    known = regions()
    if not known or region in known:
        return
    near = get_close_matches(region.lower(), sorted(known), 5)
    meant = max(near, key=lambda name: sorted(name) == sorted(region.lower()), default=None)  # else the nearest
    guess = f"Did you mean {meant}?" if meant else "Name one as us-east-1."
    raise UsageError(f"AWS has no Region {region!r}", f"{guess} (A new one may need a newer botocore.)")


def refuse_partitions(several: Sequence[str]) -> None:
    """Raises UsageError for Regions of more than one partition: no account is in two."""
    for region in several:
        if (there := partition_of(region)) != (first := partition_of(several[0])):
            raise UsageError(
                f"{region} is in another partition of AWS ({there}) than {several[0]} ({first}), and no account is in"
                " both",
                "Scan each with the credentials of its own.",
            )
