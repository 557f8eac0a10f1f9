"""Places: where the calls of a job go, an account in a Region each, with quotas and prices of its own.

A job's own place is its `region` and `account`; those besides it (`--regions`, `--profile a,b`) are of this kind.
Rule: a place's name is unique in a job and stands in its pools (jobs/pools.py) and rows; it has no `:`, `@` or space.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BEGIN_TPS = 5.0  # calls a second to begin with where no quota is known; the gate finds out


@dataclass(frozen=True, slots=True)
class Place:
    """One place besides the job's own."""

    name: str  # as pools and rows have it: the Region, in another account `eu-west-1/PROFILE` (since 5)
    region: str  # AWS Region (since 5)
    account: str = ""  # AWS account id, or "endpoint:host:port" (since 5)
    quotas: Mapping[str, float | None] = field(default_factory=dict)  # operation -> calls a second (since 5)
    profile: str | None = None  # AWS profile of another account; null: the job's own credentials (since 5)
    exact: tuple[str, ...] = ()  # operations whose rate is never exceeded: told by the user, or the account's (since 5)
