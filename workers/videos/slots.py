"""The slots of an account: so many jobs on stored video it may have open. What is decided stands in slots.lua.

Rule: a slot is taken before a start and given back when AWS has ended the job, not when its pages are read. A full
house waits; it never fails a film.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis import Redis

from jobs.ledger.keys import key

_LAPSE_MS = 60_000  # until a slot whose holder is silent is free: the next holder takes a film over in far less
_NAMED = re.compile(r"Maximum limit:\s*(\d+)")  # "22 open Jobs for User arn:... Maximum limit: 20"


@dataclass(frozen=True, slots=True)
class Slots:
    """Those of one account and Region, as one job sees them."""

    redis: "Redis[bytes]"
    account: str
    region: str
    job: str
    most: int  # that are believed to be there
    hold_ms: int  # between tries of one more, while somebody else has open jobs

    def take(self, token: str) -> bool:
        """Whether it has one now."""
        return bool(self._ask("take", token, self.job, self.most, _LAPSE_MS))

    def still(self, token: str) -> bool:
        """Whether it still has one, just before its start is sent: AWS may have named fewer meanwhile."""
        return bool(self._ask("still", token))

    def is_open(self, token: str) -> None:
        """AWS works on it, whatever is known here."""
        self._ask("open", token, self.job, _LAPSE_MS)

    def keep(self, tokens: Iterable[str]) -> int:
        """They are still taken. How many are, whoever holds them; 0: none of these is."""
        some = list(tokens)
        return int(self._ask("keep", _LAPSE_MS, *some)[0]) if some else 0

    def free(self, token: str) -> None:
        self._ask("free", token)

    def refused(self, token: str, message: str) -> None:
        """AWS had none for it; its message may name the limit."""
        named = _NAMED.search(message)
        self._ask("refused", token, int(named[1]) if named else 0, self.hold_ms)

    def _ask(self, *told: Any) -> Any:
        tag = f"slots:{self.account}:{self.region}"
        keys = [key(tag), key(tag, "owners"), key(tag, "users"), key(tag, "limits")]
        return self.redis.register_script(policy())(keys, list(told))


def policy(clock: str | None = None) -> str:
    """The text of the script. `clock`: Lua that defines `now` in milliseconds, instead of Redis's own clock."""
    own = files("jobs.ledger") / "clock.lua"
    return (clock or own.read_text()) + (files(__package__) / "slots.lua").read_text()
