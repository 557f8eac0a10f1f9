"""From AWS's pages on films to table rows: `videos`, and a table of each API for stored video.

Rules: one page is in memory at a time, whatever an answer has. Data never fail a build: an answer whose file is lost is
a row of `failures`, and so is one with a page that no table can take; its other pages are in the table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.apis.base import Brief, VideoApi
from jobs.codes import Code
from jobs.folder import JobFolder, ShardParts
from jobs.folder.films import OUT, FilmItem, all_films, film_shards, films_of
from jobs.folder.video_pages import PagesName, PagesReader
from jobs.outcomes import RESULT_SCHEMA
from reports.tables.first_answers import first_answers
from reports.tables.flatten import api_table, failures, no_collector, pruned
from reports.tables.layout import FAILURES, VIDEOS, Layout
from reports.tables.set_apart import why_odd
from reports.tables.states import Calls, state_of
from reports.tables.writers import AnswersWriter

Rows = tuple[str, pa.Table]  # a table's name, and some more rows of it


@dataclass(slots=True)
class _Seen:
    """A film of the manifest, and what became of the calls on it."""

    item_id: int
    uri: str
    size: int | None
    skip: str | None
    film: FilmItem | None = None
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    whole: bool = True  # each of its calls has its outcome
    found: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # by API, in short

    @property
    def length_ms(self) -> int | None:
        told = (one["ms"] for one in self.outcomes if one["outcome"] == "ok" and one["ms"] is not None)
        return next(told, self.film.length_ms if self.film else None)


class FilmRows:
    """The films of a job in item order, for one pass over its manifest."""

    def __init__(
        self, folder: JobFolder, layout: Layout, parts: Mapping[int, ShardParts], answers: AnswersWriter | None
    ) -> None:
        self._folder = folder
        self._layout = layout
        self._schemas = layout.schemas
        self._answers = answers
        self._first = first_answers(folder)
        self._coming = _films(folder, parts)
        self._next = next(self._coming, None)
        self._left_out = all_films(folder, OUT)
        self._next_out = next(self._left_out, None)

    def rows(self, items: pa.Table) -> Iterator[Rows]:
        """The rows of the films among the next items of the manifest (MANIFEST_SCHEMA)."""
        videos = items.filter(pc.equal(items.column("kind"), "video"))
        columns = (videos.column(name).to_pylist() for name in ("item_id", "uri", "size", "skip"))
        seen = [self._with_outcomes(_Seen(*row)) for row in zip(*columns, strict=True)]
        for one in seen:
            yield from self._answered(one)
        if seen:
            yield VIDEOS, self._videos(seen)

    def _with_outcomes(self, seen: _Seen) -> _Seen:
        if self._next is not None and self._next[0].item_id == seen.item_id:
            seen.film, seen.outcomes, seen.whole = self._next
            self._next = next(self._coming, None)
        elif self._next_out is not None and self._next_out.item_id == seen.item_id:
            seen.film, self._next_out = self._next_out, next(self._left_out, None)
        return seen

    def _answered(self, seen: _Seen) -> Iterator[Rows]:
        apis = {api.name: api for api in self._layout.video_rows}
        for place, outcome in enumerate(seen.outcomes):
            if outcome["outcome"] == "ok" and (api := apis.get(outcome["api"])):
                answer = _Answer(self._layout, api, seen.uri, outcome)
                for table in answer.rows(self._folder, self._schemas[api.table], self._answers):
                    yield api.table, table
                seen.found[api.name] = answer.found
                seen.outcomes[place] = answer.failure or outcome
            elif self._answers:
                self._answers.write_film(seen.uri, outcome)
        if bad := [outcome for outcome in seen.outcomes if outcome["outcome"] != "ok"]:
            table = pa.Table.from_pylist(bad, schema=RESULT_SCHEMA)
            yield FAILURES, failures(self._schemas[FAILURES], table, _same(seen.uri, len(bad)))

    def _videos(self, seen: list[_Seen]) -> pa.Table:
        schema = self._schemas[VIDEOS]
        return pa.Table.from_arrays(
            [
                pa.array(column, one.type)
                for column, one in zip(zip(*map(self._row, seen), strict=True), schema, strict=True)
            ],
            schema=schema,
        )

    def _row(self, seen: _Seen) -> tuple[Any, ...]:
        film = seen.film
        names = ("container", "codec", "width", "height", "rotation", "fps", "transcoded")
        about = tuple(getattr(film, name) if film else None for name in names)
        calls = Calls()
        for one in seen.outcomes:
            shared = self._first.get(one["video_job"] or "", self._layout.job)
            job = one["answer_of"].partition("/")[0] if one["answer_of"] else shared
            calls.add(one["api"], one["outcome"], one["code"], one["sent"], job)
        asked = len(self._layout.videos)
        state = state_of(seen.skip, calls if seen.outcomes else None, None if seen.whole else asked)
        known = calls.sent.count("known")
        nothing = {api.name: (None,) * len(api.brief_schema) for api in self._layout.video_rows}
        found = chain.from_iterable((nothing | seen.found).values())
        return seen.item_id, seen.uri, seen.size, seen.length_ms, *about, *state, known, calls.since, *found


@dataclass(slots=True)
class _Answer:
    """One API's answer on one film. `found`: in short, and `failure`: why it is not all in the table, after `rows`."""

    layout: Layout
    api: VideoApi
    uri: str
    outcome: dict[str, Any]
    found: tuple[Any, ...] = ()
    failure: dict[str, Any] | None = None

    def rows(self, folder: JobFolder, schema: pa.Schema, answers: AnswersWriter | None) -> Iterator[pa.Table]:
        """The rows of a page after the other."""
        brief = self.api.brief()
        odd: list[tuple[int, str, bytes]] = []  # the first one's; of the others the number
        try:
            for number, text in enumerate(_pages(folder, self.name), 1):
                is_json, table, why = self._page(text, schema, brief)
                if why:
                    odd.append((number, why, b"" if odd else text))
                if answers:
                    answer = orjson.Fragment(text) if is_json else text.decode()
                    answers.write_film(self.uri, self.outcome, number, answer)
                if table is not None:
                    yield table
        except _Lost as lost:
            self._fail(Code.LOST_ANSWER, str(lost))
        if odd and not self.failure:
            (number, why, text), others = odd[0], len(odd) - 1
            more = f"; {others} more of its pages" if others else ""
            self._fail(Code.ODD_ANSWER, f"page {number}: {why}{more}", text.decode())
        self.found = brief.values()

    @property
    def name(self) -> PagesName:
        return PagesName(self.api.name, self.outcome["item_id"], self.outcome["epoch"] or 0)

    def _page(self, text: bytes, schema: pa.Schema, brief: Brief) -> tuple[bool, pa.Table | None, str]:
        """Whether the page is JSON, its rows, and why it has none. What they were made of is gone when the collector is
        on again, which would look at each piece of it."""
        with no_collector():
            return self._read(text, schema, brief)

    def _read(self, text: bytes, schema: pa.Schema, brief: Brief) -> tuple[bool, pa.Table | None, str]:
        is_json, threshold = False, self.layout.min_confidence
        try:
            page = orjson.loads(text)
            is_json = True
            shown = page if threshold is None else pruned(page, self.api, threshold)
            rows = list(self.api.rows(shown))
            ids = pa.repeat(pa.scalar(self.outcome["item_id"], pa.int64()), len(rows))
            table = api_table(self.api, schema, [ids, _same(self.uri, len(rows))], rows, threshold)
            brief.add(shown)
        except MemoryError:
            raise
        except Exception as error:  # hostile data raise whatever they like
            return is_json, None, why_odd(error)
        return True, table, ""

    def _fail(self, code: Code, message: str, text: str | None = None) -> None:
        self.failure = {**self.outcome, "outcome": "failed", "code": str(code), "message": message, "response": text}


class _Lost(Exception):
    """The file of an answer is not there, or not to be read."""


def _pages(folder: JobFolder, name: PagesName) -> Iterator[bytes]:
    try:
        with PagesReader(folder, name) as reader:
            yield from reader
    except (pa.ArrowInvalid, OSError) as error:
        raise _Lost(str(error)) from error


def _same(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def _films(folder: JobFolder, parts: Mapping[int, ShardParts]) -> Iterator[tuple[FilmItem, list[dict[str, Any]], bool]]:
    """Each film that could be sent, in item order, with the outcomes of its calls and whether all are there."""
    for shard in film_shards(folder.spec.films):
        own = parts.get(shard, ShardParts())
        rows = folder.result(own.files).to_pylist() if own.files else []
        for film in films_of(folder, shard):
            yield film, [row for row in rows if row["item_id"] == film.item_id], own.whole
