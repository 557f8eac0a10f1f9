"""Pools: what AWS counts units in for its price tiers, a calendar month of an account and Region.

Rule: a pool is a text: `2026-11` is that of a month at the job's own place, `2026-11@eu-west-1` at another
(jobs/places.py). `jobs/ledger/attempts.lua` and `cost.lua` read it alike.
"""

OWN = ""  # the name of the job's own place
_MONTH = len("2026-11")


def pool_of(month: str, place: str | None) -> str:
    """That of a place's name in a month."""
    return f"{month}{at(place)}"


def at(place: str | None) -> str:
    """How a pool, or the name of a request, tells the place: `@eu-west-1`, "" for the job's own."""
    return f"@{place}" if place else OWN


def month_of(pool: str) -> str:
    return pool[:_MONTH]


def place_of(pool: str) -> str:
    """The place's name; "" for the job's own."""
    return pool[_MONTH + 1 :]
