"""Service Quotas, read into a quota table by the quotas' names.

Rule: a quota is taken only when its name speaks of transactions per second and holds exactly one operation's name as a
whole word; the codes (`L-...`) are in no AWS document and are not relied on. Shapes: `ListServiceQuotas` and
`ListAWSDefaultServiceQuotas`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.money.quotas import QuotaTable

_RATE = re.compile(r"transactions per second|\bTPS\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Named:
    """A quota as Service Quotas has it."""

    code: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What Service Quotas said of one Region."""

    table: QuotaTable
    rates: Mapping[str, float]  # operation -> transactions per second
    unread: tuple[str, ...]  # names that are no operation's rate, or of more than one
    named: Mapping[str, Named] = field(default_factory=dict)  # operation -> its quota


def refresh(table: QuotaTable, quotas: Iterable[Mapping[str, Any]], region: str, *, source: str, as_of: str) -> Read:
    """`table` with one Region's own values; of two quotas of one operation, the lower."""
    rates: dict[str, float] = {}
    unread: list[str] = []
    found: dict[str, Named] = {}
    for quota in quotas:
        name = str(quota.get("QuotaName", ""))
        named = [word for word in dict.fromkeys(_WORD.findall(name)) if word in table.rates]
        value = quota.get("Value")
        if not _RATE.search(name) or len(named) != 1 or not isinstance(value, int | float) or value <= 0:
            unread.append(name)
            continue
        if float(value) < rates.get(named[0], float("inf")):
            rates[named[0]] = float(value)
            found[named[0]] = Named(str(quota.get("QuotaCode", "")), name)
    if not rates:
        return Read(table, {}, tuple(unread))
    source = f"{source}; the rest: {table.source.split('; the rest: ')[-1]}"
    return Read(table.with_rates(region, rates, source=source, as_of=as_of), rates, tuple(unread), found)
