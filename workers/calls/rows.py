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
from jobs.aws.faults import Fault
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.prepare import Prepared
from jobs.outcomes import Outcome


def maybe(marks: str) -> int:
    """How many attempts AWS may have billed although no answer came."""
    return marks.count("m") + marks.count("u")


def owned_up(outcomes: list[Outcome], marks: str) -> list[Outcome]:
    """Rows of an answer that the journal kept, with the attempts that others made beside it: a holder that had lost its
    lease may have answered late what the next one asked again."""
    sent = maybe(marks) + marks.count("b")
    return [
        replace(
            row,
            attempts=max(row.attempts, len(marks)),
            maybe_billed=max(row.maybe_billed, sent - row.units),
            throttles=max(row.throttles, marks.count("t")),
        )
        for row in outcomes
    ]


def skipped(request: Request, item: Item, skip: Skip, marks: str) -> list[Outcome]:
    """Never sent."""
    seen: dict[str, Any] = {"format": skip.format, "width": skip.width, "height": skip.height}
    return _each(request, item, marks, None, None, outcome="skipped", code=skip.reason, message=skip.message, **seen)


def failed(
    request: Request,
    item: Item,
    fault: Fault,
    marks: str,
    picture: Prepared | None = None,
    started: datetime | None = None,
) -> list[Outcome]:
    """Not answered, for good."""
    why: dict[str, Any] = {"code": fault.code, "message": fault.message[:1000]}
    return _each(request, item, marks, picture, started, outcome="failed", **why)


def answered(
    request: Request,
    item: Item,
    response: Mapping[str, Any],
    marks: str,
    picture: Prepared,
    started: datetime,
    took: float | None = None,
    code: str | None = None,
) -> list[Outcome]:
    """Answered: each API keeps the members of the response that are its own. `took`: seconds. `code`: of an error that
    stands for an answer."""
    latency = None if took is None else round(took * 1000)
    return _each(
        request, item, marks, picture, started, response, outcome="ok", units=1, latency_ms=latency, code=code
    )  # fmt: skip


def _each(
    request: Request,
    item: Item,
    marks: str,
    picture: Prepared | None,
    started: datetime | None,
    response: Mapping[str, Any] | None = None,
    **more: Any,
) -> list[Outcome]:
    """A row for each API of the request; `more`: the fields they have in common."""
    if picture is not None:
        for name in _OF_PICTURE:
            more[name] = getattr(picture, name)
    more |= {"attempts": len(marks), "maybe_billed": maybe(marks), "throttles": marks.count("t")}
    found = []
    for choice in request.choices:
        api = choice.api
        if response is not None:
            mine = {key: response[key] for key in api.answer_keys if key in response}
            more["response"] = orjson.dumps(mine).decode()
            more["model_version"] = response.get(api.version_key) if api.version_key else None
        found.append(Outcome(item_id=item.item_id, api=api.name, started_at=started, **more))
    return found


_OF_PICTURE = ("sent", "fit", "width", "height", "format", "content")
