"""`report.md`: the summary for a wiki, a ticket or a mail: the same facts as the page, as Markdown.

Rule: foreign text is escaped, so that a name is no link, picture or markup.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs.folder import JobFolder, JobSpec
from jobs.folder.whose import unpaid
from jobs.words import count, dollars, short
from reports.facts.facts import gather
from reports.facts.headline import headline
from reports.facts.values import Chart, Facts
from reports.query.query import open_tables
from reports.tables.load import load_folder
from reports.tables.writers import build_area, publish
from reports.views import of_all

ROWS = 10  # of each list
_SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&:@])")


def build_markdown(folder: JobFolder) -> str:
    """Write `report.md` into the job's `reports/`; returns where it is."""
    tables = load_folder(folder)
    with build_area(folder) as area, tempfile.TemporaryDirectory() as scratch:
        with open_tables(tables, scratch) as query:
            facts = gather(query, folder.spec, tables)
        path = Path(area) / "report.md"
        built = tables.built
        text = "\n".join(markdown(folder.spec, facts, partial=built.partial, min_confidence=built.min_confidence))
        path.write_text(f"{text}\n", encoding="utf-8", errors="replace")
        return publish(folder, [path])[0]


def markdown(
    spec: JobSpec, facts: Facts, *, partial: str | None = None, min_confidence: float | None = None
) -> Iterator[str]:
    """The lines of the document."""
    yield _plain(headline(facts, min_confidence=min_confidence, note=unpaid(spec)), 1_000)
    yield f"\nJob {_plain(spec.job)}, {', '.join(_plain(source, 200) for source in spec.sources)}"
    if partial:
        yield f"\n**This report is partial.** {_plain(partial, 400)}"
    yield from _table(("Status", "Items"), facts.items.items())
    yield from (f"\n{_plain(line, 400)}" for line in facts.near)
    for found in facts.found:
        on = f"{count(found.rows)} rows on {count(found.items)} of {count(found.answered)} answered items"
        yield f"\n## {_plain(found.api)}\n\n{on}"
        if found.charts:
            yield from _chart(found.charts[0])
    if facts.whole:
        yield f"\n## {of_all.title(facts.whole)}\n\n{_plain(of_all.drawn(facts.whole), 400)} {of_all.MEANS}"
        for api in facts.whole.apis:
            yield f"\n### {_plain(api.api)}"
            yield from (f"\n{_plain(note, 400)}" for note in of_all.notes(api))
            yield from _table(of_all.HEADER, of_all.rows(api)[: ROWS + 1])
    if facts.causes:
        yield "\n## What failed or was left out"
        causes = [(one.outcome, one.code, one.calls, one.items, one.do) for one in facts.causes[:ROWS]]
        yield from _table(("Outcome", "Code", "Calls", "Items", "What to do"), causes)
    if facts.costs:
        yield "\n## Cost"
        costs = [(line["api"], line["meter"], *map(dollars, _amounts(line))) for line in facts.costs]
        yield from _table(("API", "Meter", "Planned", "Actual", "Maybe"), costs)


def _amounts(line: Mapping[str, Any]) -> Iterator[str]:
    return (line[name] for name in ("planned_usd", "actual_usd", "maybe_usd"))


def _chart(chart: Chart) -> Iterator[str]:
    shares = chart.kind == "palette"
    rows = [
        (
            bar.label,
            f"{100 * bar.share:.0f} %" if shares else "" if bar.value is None else count(bar.value, 1),
            bar.note,
        )
        for bar in chart.bars
    ]
    yield from _table((chart.title, "", chart.note), rows[:ROWS])


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield ""
    yield _line(header)
    yield "|" + "---|" * len(header)
    yield from map(_line, rows)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(_plain(count(cell) if isinstance(cell, int) else cell, 300) for cell in cells)} |"


def _plain(text: object, length: int = 100) -> str:
    return _SIGNS.sub(r"\\\1", short(text, length))
