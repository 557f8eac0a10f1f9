"""An error that is about a parameter's picture or about the item's: AWS does not say which, so it is asked.

CompareFaces says "no face" alike of its source and of its target. Until an answer has shown a face in the source, that
error is doubted, and a question of its own (`Api.question`) tells.
Rule: the question is an attempt like any other; once it is answered, nothing is asked twice.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from jobs.apis import Request
from jobs.apis.base import Api
from jobs.aws.faults import Fault, Kind, Told, understand
from jobs.aws.lean.methods import Method

_WHOSE = "AWS finds no face in the picture of the parameter, compared with itself"
_DO = "Begin a new scan with another picture of the face; this job cannot go on."


class Doubt(Exception):
    """Nobody knows whose fault an error is. `arguments`: those with which the method tells. Held as a context, while
    nobody else asks."""

    def __init__(self, arguments: dict[str, Any], alone: asyncio.Lock) -> None:
        super().__init__()
        self.arguments = arguments
        self._alone = alone

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._alone.release()


def proving(method: Method, request: Request) -> Method:
    """`method`; for an API with a `question` one that raises Doubt, and Told where the parameter is at fault."""
    api = request.choices[0].api
    return _Proving(method, api) if api.question else method


class _Proving:
    """Until the picture is proved one call is made at a time: a wrong picture costs two calls, not all under way."""

    def __init__(self, method: Method, api: Api) -> None:
        self._method = method
        self._api = api
        self._alone = asyncio.Lock()
        self._proved = False
        self._fault: Fault | None = None

    async def __call__(self, *, doubted: ClientError | None = None, **arguments: Any) -> Mapping[str, Any]:
        if doubted is not None:
            return await self._told(doubted, arguments)
        if self._proved:
            return await self._method(**arguments)
        await self._alone.acquire()
        if self._over():
            self._alone.release()
            return await self(**arguments)
        return await self._first(arguments)

    def _over(self) -> bool:
        """Whether another call has shown the picture meanwhile."""
        return self._proved

    async def _first(self, arguments: dict[str, Any]) -> Mapping[str, Any]:
        """Whoever is raised a Doubt goes on alone."""
        assert self._api.question
        try:
            if self._fault:
                raise Told(self._fault)
            answer = await self._method(**arguments)
        except ClientError as error:
            if self._stands_for_answer(error):
                raise Doubt({"doubted": error, **self._api.question(arguments)}, self._alone) from error
            self._alone.release()
            raise
        except BaseException:
            self._alone.release()
            raise
        self._proved = True
        self._alone.release()
        return answer

    async def _told(self, doubted: ClientError, arguments: dict[str, Any]) -> Mapping[str, Any]:
        try:
            await self._method(**arguments)
        except ClientError as error:
            if not self._stands_for_answer(error):
                raise
            fault = understand(error, self._api.operation)
            self._fault = Fault(Kind.JOB, fault.code, f"{fault.message}: {_WHOSE}", _DO)
            raise Told(self._fault) from error
        self._proved = True
        raise doubted

    def _stands_for_answer(self, error: ClientError) -> bool:
        fault = understand(error, self._api.operation)
        return self._api.answer_for_error(fault.code, fault.message) is not None
