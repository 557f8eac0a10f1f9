"""The row of a call on a film. Pure.

Rule: an answer is in its pages' file; the row says what became of the call and what it was billed for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from jobs.attempts import NONE, Attempts
from jobs.folder.films import FilmItem
from jobs.ledger import Start
from jobs.outcomes import OPEN, Outcome, Status
from workers.calls.rows import storable

_MOST_SAID = 1000  # characters of a message


@dataclass(frozen=True, slots=True)
class Subject:
    """What a row is about: one API on one film. `before`: attempts that the folder has of it."""

    film: FilmItem
    api: str
    before: Attempts = NONE

    def answered(self, start: Start, meta: Mapping[str, Any], version: str | None, seen_ms: int) -> Outcome:
        """Read to the end. `meta`: AWS's VideoMetadata; `seen_ms`: when it was seen to be done."""
        film = self.film
        told = {
            "width": film.width, "height": film.height, "format": film.container,
            "latency_ms": min(max(seen_ms - start.began, 0), 2**31 - 1), "content": content(film),
        }  # fmt: skip
        if version is not None:
            told["model_version"] = storable(str(version))
        width, height = whole(meta.get("FrameWidth"), 2**31 - 1), whole(meta.get("FrameHeight"), 2**31 - 1)
        if width is not None and height is not None:
            told |= {"width": width, "height": height}
        return self._row("ok", start, sent="s3", **told)

    def known(self, row: Outcome, job: str, epoch: int) -> Outcome:
        """As an earlier job has it: no attempt was made, no millisecond is paid."""
        told = {name: getattr(row, name) for name in ("width", "height", "format", "model_version", "video_job")}
        first = row.answer_of or f"{job}/{row.item_id}"
        made = self._row("ok", None, sent="known", epoch=epoch, content=content(self.film), answer_of=first, **told)
        return replace(made, probed_ms=None)  # what `costs` sets beside the paid ones

    def failed(self, code: str, message: str, start: Start | None = None) -> Outcome:
        return self._row("failed", start, code=storable(code), message=storable(message)[:_MOST_SAID])

    def skipped(self, code: str, message: str) -> Outcome:
        """Never sent."""
        return self._row("skipped", None, code=storable(code), message=storable(message)[:_MOST_SAID])

    def open(self, start: Start) -> Outcome:
        """Started, and not read yet."""
        return self._row(OPEN, start)

    def _row(self, outcome: Status, start: Start | None, **more: Any) -> Outcome:
        attempts = self.before
        told: dict[str, Any] = {}
        if start is not None:
            attempts |= start.attempts
            told = {
                "ms": start.ms,
                "video_job": start.job_id,
                "epoch": start.epoch,
                "fit": self.film.transcoded,
                "started_at": datetime.fromtimestamp(start.began / 1000, UTC),
            }
        made = attempts.columns if attempts else {}
        film = self.film
        return Outcome(
            film.item_id, self.api, outcome, probed_ms=film.length_ms, **told, **more, **made
        )  # fmt: skip


def content(film: FilmItem) -> str | None:
    """What the film is, as other rows say it."""
    return f"etag:{film.etag}:{film.size}" if film.etag else None


def counters_of(row: Outcome) -> dict[str, int]:
    """The ledger's counters that a row raises; what its start raises, the ledger's script does itself."""
    found = Counter({f"{row.outcome}:{row.api}": 1})
    if row.sent == "known":
        found[f"known:{row.api}"] = 1
    elif row.outcome == "ok":
        found[f"probed_ms:{row.api}"] = row.probed_ms or 0
        found[f"minutes_up:{row.api}"] = -(-(row.ms or 0) // 60_000)
    return dict(found)


def metadata(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """AWS's VideoMetadata of a page; of segments it is a list."""
    found = page.get("VideoMetadata") or {}
    first = found[0] if isinstance(found, list) else found
    return first if isinstance(first, Mapping) else {}


def whole(number: Any, most: int) -> int | None:
    """A number of AWS's where it is one that a row can hold."""
    fits = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= most
    return number if fits else None


def started_rows(films: Iterable[FilmItem], starts: dict[str, Start]) -> list[Outcome]:
    """Open rows of what the journal of a shard that nobody holds has as started."""
    found = []
    by_item = {film.item_id: film for film in films}
    for name, start in starts.items():
        item, _, api = name.partition(":")
        found.append(Subject(by_item[int(item)], api).open(start))
    return found
