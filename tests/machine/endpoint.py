"""Rekognition as a counter: it answers, refuses or fails as the tape says, and keeps books of what it billed.

Rule: its books know nothing of the product: calls by item and operation, months, prices written down here.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError, ReadTimeoutError

from tests.machine.job import CAT, has_cat
from tests.machine.threads import Process, Scheduler, current, park, seam

Call = tuple[int, str]  # item, operation

HANG = 5.0  # seconds until a worker gives up an answer
LATENCY = 0.1

ANSWERS: Mapping[str, Any] = {
    "DetectLabels": {
        "Labels": [{"Name": CAT, "Confidence": 99.0}],
        "ImageProperties": {"Quality": {"Brightness": 50.0}},
        "LabelModelVersion": "3.0",
    },
    "DetectText": {"TextDetections": [{"DetectedText": "STOP", "Type": "LINE", "Id": 0}], "TextModelVersion": "3.0"},
}

_NO_CAT = {**ANSWERS["DetectLabels"], "Labels": []}

# What may come of a request. 0 is an answer.
(OK, THROTTLE, ERROR_500, CUT, SURROGATE, HUGE, HANG_BILLED, RESET, REFUSED, UNREACHABLE, CUT_FREE) = range(11)
NAMES = (
    "answer", "throttle", "500", "cut answer", "lone surrogate", "number beyond int64", "no answer, billed",
    "reset, not billed", "400", "unreachable", "no answer, not billed",
)  # fmt: skip
BILLED = {OK, CUT, SURROGATE, HUGE, HANG_BILLED}


class Intended(Protocol):
    """The intent that a request was sent under."""

    pool: str
    lost: bool
    knowers: set[Process]


@dataclass(eq=False)
class Bill:
    call: Call
    intent: Intended
    by: Process
    number: int  # from 1, of this call
    reread: int | None = None  # the step at which the job was put on the table from a folder that had it

    @property
    def pool(self) -> str:
        """Of the intent: a request that was under way at a month's edge may be of either."""
        return self.intent.pool


class Endpoint:
    """`kind`: what comes of the n-th request of a call. `sent`: told of each request, before it leaves; gives the
    intent it has. `billed`: told of each bill."""

    def __init__(
        self,
        scheduler: Scheduler,
        kind: Callable[[Call, int], int],
        sent: Callable[[Call, Process, str], Intended],
        billed: Callable[[Bill], None],
    ) -> None:
        self.process = Process("endpoint")
        self.scheduler = scheduler
        self.kind = kind
        self._sent = sent
        self._billed = billed
        self.bills: list[Bill] = []
        self.by_call: defaultdict[Call, list[Bill]] = defaultdict(list)
        self.requests: Counter[Call] = Counter()
        self.last_sent: dict[Call, float] = {}

    def method(self, region: str, operation: str) -> Callable[..., Any]:
        async def call(**arguments: Any) -> Mapping[str, Any]:
            item = int(arguments["Image"]["Bytes"].rpartition(b" ")[2])
            return await self._request((item, operation), region)

        return call

    async def _request(self, call: Call, region: str) -> Mapping[str, Any]:
        me = current()
        assert me is not None
        self.requests[call] += 1
        self.last_sent[call] = self.scheduler.now
        number = self.requests[call]
        kind = self.kind(call, number)
        intent = self._sent(call, me.process, region)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Mapping[str, Any]] = loop.create_future()

        def hand_over(answer: Any) -> None:
            if not future.done():
                future.set_exception(answer) if isinstance(answer, Exception) else future.set_result(answer)

        def serve() -> None:
            seam(f"{call} arrives")
            if kind in BILLED:
                bill = Bill(call, intent, me.process, number)
                self.bills.append(bill)
                self.by_call[call].append(bill)
                self._billed(bill)
            hangs = kind in (HANG_BILLED, CUT_FREE)
            park(f"{call} is answered", when=self.scheduler.now + (HANG if hangs else LATENCY))
            if not me.process.dead:
                loop.call_soon_threadsafe(hand_over, _answer(kind, call))

        self.scheduler.spawn(self.process, f"request {call} {number}", serve)
        return await future


def _answer(kind: int, call: Call) -> Any:
    url = "http://machine"
    item, operation = call
    if kind == OK:
        return ANSWERS[operation] if operation != "DetectLabels" or has_cat(item) else _NO_CAT
    if kind == THROTTLE:
        return _refusal("ProvisionedThroughputExceededException", 400, operation)
    if kind == ERROR_500:
        return _refusal("InternalServerError", 500, operation)
    if kind == CUT:
        return {}
    if kind == SURROGATE:
        return _with_name(operation, "a\ud800")
    if kind == HUGE:
        return _with_name(operation, 2**70)
    if kind in (HANG_BILLED, CUT_FREE):
        return ReadTimeoutError(endpoint_url=url)
    if kind == RESET:
        return HTTPClientError(error="reset")
    if kind == UNREACHABLE:
        return EndpointConnectionError(endpoint_url=url)
    return _refusal("InvalidImageFormatException", 400, operation)


def _with_name(operation: str, value: Any) -> Any:
    if operation == "DetectLabels":
        return {**ANSWERS[operation], "Labels": [{"Name": value}]}
    return {**ANSWERS[operation], "TextDetections": [{"DetectedText": value}]}


def _refusal(code: str, status: int, operation: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "as the tape says"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, operation)
