"""NextToken of video answers: signed, for one job read in one order, good for 24 hours."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from emulator.errors import AwsError
from emulator.videos.order import Order

LIFETIME = 24 * 3600


@dataclass(frozen=True, slots=True)
class PageTokens:
    secret: bytes

    def make(self, job: str, order: Order, offset: int, now: float) -> str:
        head = f"{offset:x}-{int(now):x}"
        return f"{head}-{self._sign(job, order, head)}"

    def offset(self, given: str | None, job: str, order: Order, now: float) -> int:
        """Where the page begins; raises for a token that is old, forged, or of another job or order."""
        if given is None:
            return 0
        head, _, signature = given.rpartition("-")
        if not hmac.compare_digest(signature.encode(), self._sign(job, order, head).encode()):
            raise _refused()
        offset, made = (int(part, 16) for part in head.split("-"))
        if now - made > LIFETIME:
            raise _refused()
        return offset

    def _sign(self, job: str, order: Order, head: str) -> str:
        text = f"{job}|{order.by_name}|{order.segments}|{head}"
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def _refused() -> AwsError:
    return AwsError("InvalidPaginationTokenException", "The pagination token is not valid.")
