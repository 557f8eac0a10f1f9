"""Calls under a condition: each waits for the calls on its item whose answers it reads; then it is made, or not asked.

Rule: outcomes alone decide, so whoever holds the shard decides the same. A call that was not asked as its condition did
not hold has found nothing; what failed, was skipped or could not be decided is not known. What only the bundled models
leave open is asked.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from jobs.apis import Request
from jobs.codes import Code
from jobs.conditions import Condition, is_due, parse, reads
from jobs.items import Item
from jobs.outcomes import NOT_ASKED, Outcome
from workers.calls.copies import Later
from workers.calls.streak import Undecided
from workers.gate.gate import Stopped

log = logging.getLogger(__name__)

Given = Mapping[str, Sequence[Outcome]]  # call -> its outcomes
UnderWay = Mapping[str, "asyncio.Task[list[Outcome]]"]  # by call


class Waiting(Exception):
    """A call whose answer is read has no outcome yet: ask again."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a request under a condition waits for."""

    text: str
    condition: Condition
    apis: frozenset[str]
    requests: tuple[str, ...]  # names of the calls that have their answers

    @classmethod
    def of(cls, request: Request, among: Iterable[Request]) -> "Sources | None":
        """None where it is always made."""
        if not request.when:
            return None
        condition = parse(request.when)
        apis = reads(condition)
        asked = tuple(one.name for one in among if any(choice.api.name in apis for choice in one.choices))
        return cls(request.when, condition, apis, asked)

    async def outcomes(self, item: Item, given: Given, under_way: UnderWay) -> list[Outcome]:
        """Those of the calls it reads. Raises Waiting where one is to be asked again first, Stopped where it will not
        be asked by this holder."""
        found: list[Outcome] = []
        for name in (f"{item.item_id}:{request}" for request in self.requests):
            found += given[name] if name in given else await _came_of(under_way.get(name))
        return found

    def why_not(self, outcomes: Iterable[Outcome]) -> tuple[Code, str] | None:
        """Code and message of a call that is not to be asked; None: it is."""
        rows = [row for row in outcomes if row.api in self.apis]
        try:
            held = is_due(self.condition, {row.api: _answer(row) for row in rows})
        except MemoryError:
            raise
        except Exception as error:  # an answer as no table takes it: its mates go on
            log.warning("the condition %s cannot be looked at: %s", self.text, error)
            return Code.CONDITION_UNKNOWN, f"an answer could not be read ({error}): {self.text}"
        if held:
            return None
        if held is False:
            return Code.CONDITION_FALSE, self.text
        missing = "; ".join(f"{row.api} {row.outcome} ({row.code})" for row in rows if _answer(row) is None)
        return Code.CONDITION_UNKNOWN, f"{missing}: {self.text}"


async def _came_of(task: "asyncio.Task[list[Outcome]] | None") -> list[Outcome]:
    if task is None:
        raise Stopped
    await asyncio.wait([task])  # whatever it raises is its own
    if task.cancelled():
        raise Stopped
    error = task.exception()
    if error is None:
        return task.result()
    raise Waiting if isinstance(error, Later | Undecided | Waiting) else Stopped


def _answer(row: Outcome) -> Mapping[str, Any] | None:
    if row.outcome == "ok":
        answer: Mapping[str, Any] = orjson.loads(row.response or b"{}")
        return answer
    return {} if row.outcome == NOT_ASKED and row.code == Code.CONDITION_FALSE else None
