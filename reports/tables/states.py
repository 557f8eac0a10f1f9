"""What the calls on an item add up to: its status, and why.

Rule: pure; `images` and `videos` say it in the same words.
"""

from dataclasses import dataclass, field

import pyarrow as pa

from jobs.codes import Code
from jobs.outcomes import FREE, INHERITED, NOT_ASKED
from jobs.pools import OWN


@dataclass(slots=True)
class Calls:
    """What the calls on one item add up to, for its row of `images` or `videos`."""

    outcomes: list[str] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)  # api, code
    sent: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)  # that answered
    not_asked: list[str] = field(default_factory=list)  # APIs whose condition did not hold, or could not be decided
    since: str | None = None  # the first job that got an answer
    near: tuple[int, int] | None = None  # the picture whose answers it has, and how far that is
    fit: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None

    def add(
        self, api: str, outcome: str, code: str | None, sent: str | None, job: str = "", place: str | None = None
    ) -> None:
        """`job`: the one that paid for the answer; a job's id begins with its time. `place`: where, None: its own."""
        if outcome == NOT_ASKED:
            self.not_asked.append(api)
            return
        self.outcomes.append(outcome)
        if sent:
            self.sent.append(sent)
        if outcome != "ok":
            self.reasons.append((api, code or outcome))
        else:
            self.since = min(self.since or job, job)
            if sent not in FREE:
                self.places.append(place or OWN)


SEEN = ("fit", "format", "width", "height")


def calls_of(items: pa.Table, outcomes: pa.Table | None, job: str) -> list[Calls | None]:
    """What the calls on each item add up to, None for an item without any."""
    rows: list[Calls | None] = [None] * items.num_rows
    if outcomes is None or not items.num_rows:
        return rows
    first = items.column("item_id")[0].as_py()
    names = ("item_id", "api", "outcome", "code", "sent", "answer_of", "distance", "place", *SEEN)
    for item_id, api, outcome, code, sent, answer_of, distance, place, fit, format_, width, height in zip(
        *(outcomes.column(name).to_pylist() for name in names), strict=True
    ):
        row = rows[item_id - first]
        if row is None:
            row = rows[item_id - first] = Calls(fit=fit, format=format_, width=width, height=height)
        elif row.width is None or row.format is None:
            row.fit, row.format = row.fit or fit, row.format or format_
            row.width, row.height = row.width or width, row.height or height
        row.add(api, outcome, code, sent, answer_of.partition("/")[0] if answer_of else job, place)
        if sent == INHERITED:
            row.near = int(answer_of.partition("/")[2]), distance
    return rows


def state_of(skip: str | None, row: Calls | None, awaited: int | None) -> tuple[str, str | None]:
    """Status and reason of an item. `awaited`: how many outcomes it will have, where not all are there yet."""
    if row is None:
        if skip is not None:
            return "skipped", skip
        return ("pending", None) if awaited else ("skipped", Code.NO_CALL)
    if awaited is not None and len(row.outcomes) + len(row.not_asked) < awaited:
        return "pending", "; ".join(f"{api}: {code}" for api, code in row.reasons) or None
    kinds = set(row.outcomes)
    if not kinds and row.not_asked:
        return NOT_ASKED, None
    if kinds == {"ok"}:
        return "ok", None
    status = "partial" if "ok" in kinds else "failed" if "failed" in kinds else "skipped"
    codes = {code for _, code in row.reasons}
    if len(codes) == 1 and status != "partial":
        return status, codes.pop()
    return status, "; ".join(f"{api}: {code}" for api, code in row.reasons)
