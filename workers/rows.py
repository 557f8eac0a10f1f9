"""The outcomes of one call, one for each API that its request serves. Pure.

`marks`: one character per attempt, as the journal keeps them: `b` billed, `n` not billed, `t` throttled; maybe billed
are `u`, whose answer never came, and `m`, whose worker died.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from jobs.apis import Request
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome
from workers.faults import Fault


def maybe(marks: str) -> int:
    """How many attempts AWS may have billed although no answer came."""
    return marks.count("m") + marks.count("u")


def skipped(request: Request, item: Item, skip: Skip, marks: str) -> list[Outcome]:
    """Never sent."""
    row = replace(_row(item, None, marks, None), outcome="skipped", code=skip.reason, message=skip.message)
    return _each(request, replace(row, format=skip.format, width=skip.width, height=skip.height))


def failed(
    request: Request,
    item: Item,
    fault: Fault,
    marks: str,
    picture: Prepared | None = None,
    started: datetime | None = None,
) -> list[Outcome]:
    """Not answered, for good."""
    row = _row(item, picture, marks, started)
    return _each(request, replace(row, outcome="failed", code=fault.code, message=fault.message[:1000]))


def answered(
    request: Request,
    item: Item,
    response: Mapping[str, Any],
    marks: str,
    picture: Prepared,
    started: datetime,
    took: float = 0.0,
) -> list[Outcome]:
    """Answered: each API keeps the members of the response that are its own. `took`: seconds."""
    row = replace(_row(item, picture, marks, started), outcome="ok", units=1, latency_ms=round(took * 1000))
    found = []
    for choice in request.choices:
        api = choice.api
        mine = {key: response[key] for key in api.answer_keys if key in response}
        version = response.get(api.version_key) if api.version_key else None
        found.append(replace(row, api=api.name, model_version=version, response=orjson.dumps(mine).decode()))
    return found


def _row(item: Item, picture: Prepared | None, marks: str, started: datetime | None) -> Outcome:
    """What all outcomes of a call have in common."""
    row = Outcome(item.item_id, "", "failed", attempts=len(marks), maybe_billed=maybe(marks), started_at=started)
    row = replace(row, throttles=marks.count("t"))
    if picture is None:
        return row
    return replace(
        row,
        sent=picture.sent,
        fit=picture.fit,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        content=picture.content,
    )


def _each(request: Request, row: Outcome) -> list[Outcome]:
    return [replace(row, api=choice.api.name) for choice in request.choices]
