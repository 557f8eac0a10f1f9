"""Where a call goes: one road for each place (account and Region) that a job asks at, with its own rate and door.

Rule: a call takes the road where it would have a permit first, by what waits there and how fast it goes; one that is
held up is out of the choice meanwhile. With one place there is no choice.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.aws.faults import Fault
from jobs.aws.lean.methods import Method
from jobs.pools import at
from workers.calls.waiting import Hold
from workers.gate.gate import Turnstile, sleep_until

WAITING = 32  # pictures being prepared, or ready and waiting at each gate: more would only hold memory
_AHEAD = 0.5  # seconds of calls that wait for one road at most, of those that can go no other way


class Elsewhere(Exception):
    """The object was to go as it is, to one place alone, whose door is shut, and another is open: its bytes can go."""


@dataclass(slots=True, eq=False)
class Road:
    """Of one request of one job to one place, in this process. `name`: the place's; None: the job's own."""

    name: str | None
    region: str
    method: Method
    turnstile: Turnstile
    hold: Hold = field(default_factory=Hold)
    waiting: int = 0  # calls at its turnstile
    heading: int = 0  # calls that can go no other way, until they are begun
    refusal: Fault | None = None  # what it has said to every call since its last answer

    @property
    def suffix(self) -> str:
        """How the ledger is told of it, behind a request's name: `@eu-west-1`."""
        return at(self.name)

    @property
    def tps(self) -> float:
        return self.turnstile.quota.tps

    @property
    def wait(self) -> float:
        """Seconds until the next call would have its permit here, as far as this process knows."""
        return (self.waiting + 1) / self.tps


class Roads:
    """Those of one request. `at_once`: calls under way at most, on all of them together. `patience`: seconds for which
    an object that AWS takes from its bucket alone waits for a door that is shut."""

    def __init__(self, roads: Sequence[Road], at_once: int, patience: float = 0.0) -> None:
        self.all = tuple(roads)
        self._patience = patience
        self.seats = min(WAITING * len(roads), at_once)  # calls that wait
        self._tps = sum(road.tps for road in roads)

    @property
    def several(self) -> bool:
        return len(self.all) > 1

    async def pass_through(
        self, stop: threading.Event, only: Road | None = None, *, stays: bool = False
    ) -> tuple[Road, int]:
        """A road, and the ticket of a permit there. `only`: the one that the picture can go; raises Elsewhere where
        that is shut (`stays`: for longer than patience lasts) and another is open. Raises Stopped when `stop` is set
        first."""
        road = await self._open(stop, only, stays)
        road.waiting += 1
        try:
            return road, await road.turnstile.pass_through(stop)
        finally:
            road.waiting -= 1

    async def _open(self, stop: threading.Event, only: Road | None, stays: bool) -> Road:
        while True:
            now = time.monotonic()
            ways = [road for road in self.all if road.hold.until <= now]
            if only is not None and ways and only.hold.shut_for(self._patience if stays else 0):
                raise Elsewhere
            ways = ways if only is None else [road for road in ways if road is only]
            if ways:
                return min(ways, key=lambda road: road.wait) if len(ways) > 1 else ways[0]
            await sleep_until(min(road.hold.until for road in ([only] if only else self.all)), stop)

    def for_object(self, region: str | None, *, stays: bool) -> Road | None:
        """The road that an object in a bucket of this Region goes as it is. None: its bytes go, to any place, as no
        road leads there, it is shut, or enough calls wait for it alone. `stays`: its bytes would not be sent as they
        are, so it waits, for a door that is shut as long as patience lasts."""
        road = next((one for one in self.all if one.region == region), None)
        if road is None or road.hold.shut_for(self._patience if stays else 0):
            return None
        enough = max(1.0, min(road.tps * _AHEAD, self.seats * road.tps / self._tps))
        return road if stays or road.heading < enough else None

    def all_refuse(self, road: Road, fault: Fault) -> bool:
        """This one lets no call in; whether no other does."""
        road.refusal = fault
        return all(one.refusal for one in self.all)
