"""What goes wrong on the way to AWS, and how long it may."""

import threading
import time

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws.faults import Fault, Kind, Told
from workers.calls.waiting import sleep

AWS_SAYS = (BotoCoreError, ClientError, Told)  # or the way to it does; any other error is ours
PASSING = (Kind.AWAY, Kind.TRANSIENT, Kind.UNKNOWN)  # the same token is sent again, so that nothing is paid twice
PATIENCE = 60.0  # seconds, for what is free and for uploads, where a job has none of its own
WELL = "See whether Rekognition, and what is before it (proxy, gateway, endpoint URL), is well, then resume the job."
_PAUSES = (0.2, 10.0)  # seconds until what went wrong is tried again: doubled each time, up to this
_TRIES = 6  # of what may be AWS's trouble or this film's


class Trouble:
    """How long a service has given nothing usable."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._tries = 0

    async def passes(self, fault: Fault, stop: threading.Event) -> bool:
        """Whether to try again, once some time is over."""
        now = time.monotonic()
        self._since = self._since or now
        self._tries += 1
        over = now - self._since > self._patience if self._patience else self._tries >= _TRIES
        if not over:
            await sleep(stop, min(_PAUSES[0] * 2 ** min(self._tries, 10), _PAUSES[1]))
        return not over
