"""The outcomes of one call, one for each API that its request serves. Pure.

Rule: what a row says of attempts is derived from them (jobs/attempts.py), and of no other source.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from jobs.apis import Request
from jobs.attempts import NONE, ByApi
from jobs.aws.faults import Fault, Kind
from jobs.codes import Code
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.prepare import Prepared
from jobs.outcomes import NOT_ASKED, Outcome, open_row, with_attempts


def with_all_attempts(outcomes: Iterable[Outcome], attempts: ByApi) -> list[Outcome]:
    """Rows of an answer that the journal kept, with all attempts at their call: a holder that had lost its lease may
    have answered late what the next one asked again."""
    return [with_attempts(row, attempts.get(row.api, NONE)) for row in outcomes]


def unanswered(item: Item, attempts: ByApi) -> list[Outcome]:
    """Rows of a call that was attempted and has no outcome yet."""
    return [open_row(item.item_id, api, made) for api, made in attempts.items() if made]


def skipped(request: Request, item: Item, skip: Skip, attempts: ByApi) -> list[Outcome]:
    """Never sent."""
    seen: dict[str, Any] = {"format": skip.format, "width": skip.width, "height": skip.height}
    return _each(request, item, attempts, None, None, outcome="skipped", code=skip.reason, message=skip.message, **seen)


def not_asked(request: Request, item: Item, code: str, message: str, attempts: ByApi) -> list[Outcome]:
    """Never sent, as its condition does not hold."""
    return _each(request, item, attempts, None, None, outcome=NOT_ASKED, code=code, message=storable(message))


def failed(
    request: Request,
    item: Item,
    fault: Fault,
    attempts: ByApi,
    picture: Prepared | None = None,
    started: datetime | None = None,
    place: str | None = None,
) -> list[Outcome]:
    """Not answered, for good. `place`: that said so, where it is not the job's own."""
    why: dict[str, Any] = {"code": storable(fault.code), "message": storable(fault.message)[:1000]}
    return _each(request, item, attempts, picture, started, outcome="failed", place=place, **why)


def answered(
    request: Request,
    item: Item,
    response: Mapping[str, Any],
    attempts: ByApi,
    picture: Prepared,
    started: datetime,
    took: float | None = None,
    code: str | None = None,
    place: str | None = None,
) -> list[Outcome]:
    """Answered: each API keeps the members of the response that are its own. `took`: seconds. `code`: of an error that
    stands for an answer. `place`: where, if it is not the job's own. Raises TypeError on one that cannot be stored."""
    latency = None if took is None else round(took * 1000)
    more: dict[str, Any] = {"outcome": "ok", "latency_ms": latency, "code": code, "place": place}
    return _each(request, item, attempts, picture, started, response, **more)


def unstorable(
    request: Request,
    item: Item,
    response: Mapping[str, Any],
    attempts: ByApi,
    picture: Prepared,
    started: datetime,
    why: str,
) -> list[Outcome]:
    """Answered and billed, but our JSON cannot hold the answer (half of a character, a number of more than 64 bits): a
    failed row, which keeps it as ASCII."""
    fault = Fault(Kind.ITEM, Code.UNSTORABLE_ANSWER, f"answered and billed, but the answer cannot be stored: {why}")
    found = failed(request, item, fault, attempts, picture, started)
    keys = {choice.api.name: choice.api.answer_keys for choice in request.choices}
    return [replace(row, response=_ascii({k: response[k] for k in keys[row.api] if k in response})) for row in found]


def storable(text: str) -> str:
    """Text as it is, but for what is no character."""
    return text.encode("utf-8", "backslashreplace").decode()


def _ascii(answer: Mapping[str, Any]) -> str:
    try:
        return json.dumps(answer)
    except (TypeError, ValueError):  # bytes, or what only Python knows
        return json.dumps({"repr": base64.b64encode(repr(answer).encode("utf-8", "backslashreplace")).decode()})


def _each(
    request: Request,
    item: Item,
    attempts: ByApi,
    picture: Prepared | None,
    started: datetime | None,
    response: Mapping[str, Any] | None = None,
    **more: Any,
) -> list[Outcome]:
    """A row for each API of the request; `more`: the fields they have in common."""
    if picture is not None:
        for name in _OF_PICTURE:
            more[name] = getattr(picture, name)
    found = []
    for choice in request.choices:
        api = choice.api
        if response is not None:
            mine = {key: response[key] for key in api.answer_keys if key in response}
            more["response"] = orjson.dumps(mine).decode()
            version = response.get(api.version_key) if api.version_key else None
            more["model_version"] = storable(version) if isinstance(version, str) else None
        made = attempts.get(api.name, NONE)
        found.append(
            Outcome(item_id=item.item_id, api=api.name, started_at=started, **more, **(made.columns if made else {}))
        )
    return found


_OF_PICTURE = ("sent", "fit", "width", "height", "format", "content")
