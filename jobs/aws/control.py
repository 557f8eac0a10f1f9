"""Calls that cost nothing by themselves: what there is, and what is started and stopped.

Rule: throttles are waited out, since the control plane allows five calls a second (quotas of the Rekognition endpoints
page); any other error becomes a `Refused`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from jobs.aws.clients import method_name
from jobs.aws.faults import Fault, Kind, understand
from jobs.errors import RekscanError

TRIES = {Kind.THROTTLED: 10, Kind.TRANSIENT: 3, Kind.UNKNOWN: 3}


class Refused(RekscanError):
    """`why`: AWS's code."""

    def __init__(self, operation: str, fault: Fault) -> None:
        do = fault.do.replace(", then resume the job", "") or "Try again, or see `rekscan doctor`."
        super().__init__(f"{operation} failed: {fault.code}: {fault.message}", do)
        self.why: str = fault.code


class _Wait(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def pages(client: Any, operation: str, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Page after page of an answer."""
    token: str | None = None
    while True:
        page = call(client, operation, {**arguments, **({"NextToken": token} if token else {})})
        yield page
        token = page.get("NextToken")
        if not token:
            return


def call(client: Any, operation: str, arguments: Mapping[str, Any], fine: tuple[str, ...] = ()) -> dict[str, Any]:
    """The answer; empty where the error is one that means "already so"."""
    method = getattr(client, method_name(operation))
    tries = Retrying(
        retry=retry_if_exception_type(_Wait),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=_enough,
        reraise=True,
    )
    try:
        return tries(_attempt, method, operation, arguments, fine)
    except _Wait as waited:
        raise Refused(operation, waited.fault) from waited


def _enough(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, _Wait) and state.attempt_number >= TRIES[error.fault.kind]


def _attempt(method: Any, operation: str, arguments: Mapping[str, Any], fine: tuple[str, ...]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = method(**arguments)
    except (BotoCoreError, ClientError) as error:
        fault = understand(error, operation)
        if fault.code in fine:
            return {}
        if fault.kind in TRIES:
            raise _Wait(fault) from error
        raise Refused(operation, fault) from error
    return answer
