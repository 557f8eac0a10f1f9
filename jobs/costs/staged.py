"""What staging a job's films takes of S3, by its folder: another service's bill, beside the job's cost and never in it.

Rule: a film lies there from its first start to its last answer, as far as rows tell; what its upload and its wait for a
slot add is not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from jobs.folder import JobFolder
from jobs.folder.facts import rows_of
from jobs.folder.films import films_of
from jobs.ledger import FIRST_OF_FILMS
from jobs.money import staging
from jobs.money.prices import Line, PriceTable, money, number, total
from jobs.outcomes import OPEN, Outcome
from jobs.uris import is_local


@dataclass(frozen=True, slots=True)
class Staged:
    """Films that were uploaded, and what that took. `lines`: requests and storage."""

    films: int
    bytes: int
    lines: tuple[Line, ...]

    @property
    def usd(self) -> Decimal | None:
        return total(line.usd for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        rows = [{"meter": line.meter, "units": number(line.units), "usd": money(line.usd)} for line in self.lines]
        return {"in_total": False, "films": self.films, "bytes": self.bytes, "usd": money(self.usd), "lines": rows}


def staged(folder: JobFolder, prices: PriceTable) -> Staged:
    """Of the calls whose outcome, or start, the folder has."""
    films = size = requests = 0
    byte_ms = 0
    for shard, parts in folder.shard_parts().items():
        if shard < FIRST_OF_FILMS:
            continue
        rows: dict[int, list[Outcome]] = {}
        for row in rows_of(folder, parts):
            rows.setdefault(row.item_id, []).append(row)
        for film in films_of(folder, shard):
            started = [row for row in rows.get(film.item_id, ()) if row.started_at is not None]
            if started and is_local(film.uri):
                films, size, requests = films + 1, size + film.size, requests + staging.requests(film.size)
                byte_ms += film.size * _lasted_ms(started)
    kept = staging.gb_months(Decimal(byte_ms) / 1000)
    region = folder.spec.region
    lines = (prices.price("s3-put", region, requests), prices.price("s3-storage", region, kept))
    return Staged(films, size, lines)


def _lasted_ms(rows: Iterable[Outcome]) -> int:
    """From the first start to the last answer, of one that is open to now."""
    begins, ends = [], []
    for row in rows:
        assert row.started_at is not None
        began = round(row.started_at.timestamp() * 1000)
        begins.append(began)
        ends.append(_now() if row.outcome == OPEN else began + (row.latency_ms or 0))
    return max(ends) - min(begins)


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)
