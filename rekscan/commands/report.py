"""`rekscan report`: a job's tables and its page, from stored answers. Makes no call to Rekognition."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.progress import Progress

from jobs import costs
from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.media.fetch import fetcher
from jobs.status import Status, status_of
from jobs.words import many
from rekscan.console.output import print_json, print_line, say, talk
from rekscan.scans.engine import find, ledger
from rekscan.settings import Connection, resolve
from reports.facts.gallery import Wanted
from reports.facts.summary import summarize
from reports.review.judged import make_sheet
from reports.tables.build import FORMATS, build_tables
from reports.tables.built import BuiltTables, built_tables
from reports.views.report import ITEMS, BuiltReport, build_report
from reports.views.terminal import lines
from reports.views.workbook import build_workbook

_HTML, _XLSX, _REVIEW = "html", "xlsx", "review"
_MADE_OF_TABLES = {_HTML, _XLSX, _REVIEW}
Flag = Annotated[bool, Parameter(negative=())]


def report(
    job: Annotated[str | None, Parameter(help="Job id, or `last`.")] = None,
    *,
    format: Annotated[
        str, Parameter(help="What to write: csv, parquet, jsonl, xlsx, html, review.")
    ] = "csv,parquet,html",
    min_confidence: Annotated[float | None, Parameter(help="Leave out findings under this confidence.")] = None,
    label: Annotated[str | None, Parameter(help="Gallery and review.csv: only names like this, as 'Weapons*'.")] = None,
    only: Annotated[
        Literal["flagged"] | None, Parameter(help="Gallery and review.csv: only items with content to review.")
    ] = None,
    excel: Annotated[
        bool, Parameter(negative=(), help="CSV for Excel: byte order mark, files of 1,048,576 rows at most.")
    ] = False,
    thumbnails: Annotated[
        bool, Parameter(help="Pictures in the gallery; those on S3 are fetched, for the sample only.")
    ] = True,
    items: Annotated[int, Parameter(help="Items in the gallery.")] = ITEMS,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """A job's tables, its page and a summary, from stored answers: no call is made and nothing is paid.

    Example: `rekscan report last --min-confidence 90 --format csv,html`
    """
    asked = [name.strip() for name in format.split(",") if name.strip()]
    if not asked:
        raise UsageError("--format names nothing", f"Choose from: {', '.join((*FORMATS, _XLSX, _HTML, _REVIEW))}.")
    if items < 0:
        raise UsageError(f"--items {items}: cannot be", "Give 0 or more.")
    settings = resolve(connection)
    folder = find(settings, job)
    found = status_of(folder, ledger(settings))
    unknown = [name for name in asked if name not in (*FORMATS, *sorted(_MADE_OF_TABLES))]
    if unknown:
        known = ", ".join((*FORMATS, *sorted(_MADE_OF_TABLES)))
        raise UsageError(f"there is no format {unknown[0]!r}", f"Choose from: {known}.")
    tables = [name for name in asked if name not in _MADE_OF_TABLES]
    if _MADE_OF_TABLES & set(asked):
        tables.append("parquet")  # they are made of it
    before = built_tables(folder)
    # What is there already is kept in step: all tables of a job say the same.
    tables = list(dict.fromkeys([*tables, *(before.formats if before else ())]))
    built = _tables(folder, found, tables, min_confidence, excel, quiet=json)
    page = None
    if _HTML in asked:
        wanted = Wanted(label, only == "flagged")
        fetch = fetcher(folder.spec, settings.aws) if thumbnails else None
        page = build_report(
            folder, status=found.to_json(), wanted=wanted, items=items, thumbnails=thumbnails, fetch=fetch
        )
    book = build_workbook(folder) if _XLSX in asked else None
    sheet = make_sheet(folder, Wanted(label, only == "flagged")) if _REVIEW in asked or label or only else None
    more = [path for path in (page and page.path, book, sheet) if path]
    _show(folder, built, page, more, json=json)
    if sheet is not None:
        say(f"Fill in the column `verdict` of {sheet}, then: rekscan review {folder.job} FILE")
    return 0


def _tables(
    folder: JobFolder, found: Status, formats: list[str], min_confidence: float | None, excel: bool, *, quiet: bool
) -> BuiltTables:
    partial = None
    if found.state != "finished":
        partial = f"{found.state}: {found.reason}" if found.reason else found.state
    with Progress(console=talk, transient=True, disable=quiet or not talk.is_terminal) as bar:
        task = bar.add_task("tables", total=None)
        return build_tables(
            folder,
            formats=formats,
            min_confidence=min_confidence,
            costs=costs.table(folder.spec, costs.tally(folder)),
            partial=partial,
            excel=excel,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )


def _show(folder: JobFolder, built: BuiltTables, page: BuiltReport | None, more: list[str], *, json: bool) -> None:
    if json:
        print_json(_document(built, page, more))
        return
    for line in lines(summarize(folder)):
        print_line(line)
    print_line("")
    for path in (*built.paths, *more):
        print_line(path)
    if page is not None and page.fetched:
        say(f"{many(page.fetched, 'picture')} fetched for the gallery, {page.fetched_bytes:,} bytes")


def _document(built: BuiltTables, page: BuiltReport | None, more: list[str]) -> dict[str, Any]:
    return {
        "job": built.job,
        "partial": built.partial,
        "min_confidence": built.min_confidence,
        "rows": dict(built.rows),
        "files": [*built.paths, *more],
        "gallery": {"pictures": page.pictures, "fetched": page.fetched, "fetched_bytes": page.fetched_bytes}
        if page
        else None,
    }
