"""`rekscan report`: a job's tables and its page, from stored answers. Makes no call to Rekognition."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.progress import Progress

from jobs import costs
from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.folder.whose import unpaid
from jobs.media.fetch import fetcher, s3_client
from jobs.status import Status, status_of
from jobs.words import many
from rekscan.console.output import print_json, print_line, say, talk
from rekscan.scans.engine import find, ledger
from rekscan.settings import Connection, resolve
from reports.facts.gallery import Wanted
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.review.judged import make_sheet
from reports.tables.build import FORMATS, build_tables
from reports.tables.built import BuiltTables, built_tables
from reports.tables.layout import COSTS, FAILURES, IMAGES, VIDEOS
from reports.views.markdown import build_markdown
from reports.views.report import ITEMS, PAGE, BuiltReport, build_report
from reports.views.terminal import lines
from reports.views.workbook import build_workbook
from reports.views.workbook_pictures import MOST, Pictures

_HTML, _MARKDOWN, _XLSX, _REVIEW = "html", "markdown", "xlsx", "review"
_MADE_OF_TABLES = (_HTML, _MARKDOWN, _XLSX, _REVIEW)
Flag = Annotated[bool, Parameter(negative=())]


def report(
    job: Annotated[str | None, Parameter(help="Job id, or `last`.")] = None,
    *,
    format: Annotated[
        str, Parameter(help="What to write: csv, parquet, jsonl, xlsx, html, markdown, review.")
    ] = "csv,parquet,html",
    min_confidence: Annotated[float | None, Parameter(help="Leave out findings under this confidence.")] = None,
    label: Annotated[str | None, Parameter(help="Gallery and review.csv: only names like this, as 'Weapons*'.")] = None,
    only: Annotated[
        Literal["flagged"] | None, Parameter(help="Gallery and review.csv: only items with content to review.")
    ] = None,
    new: Annotated[
        bool, Parameter(negative=(), help="Gallery and review.csv: only items first answered in this job.")
    ] = False,
    excel: Annotated[
        bool,
        Parameter(negative=(), help="CSV for Excel: byte order mark, 1,048,576 rows a file; 00123 stays a text."),
    ] = False,
    thumbnails: Annotated[
        bool, Parameter(help="Pictures in the gallery; those on S3 are fetched, for the sample only.")
    ] = True,
    items: Annotated[int, Parameter(help="Items in the gallery.")] = ITEMS,
    pictures: Annotated[
        int, Parameter(help="A sheet of report.xlsx with so many items as small pictures, with links [none].")
    ] = 0,
    out: Annotated[
        str | None, Parameter(help="Write into this directory; it takes one job at one threshold, and no other.")
    ] = None,
    single_file: Annotated[
        bool, Parameter(negative=(), help="The page as one file for a mail, under 10 MB: report-single.html.")
    ] = False,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """A job's tables, its page and a summary, from stored answers: no call is made and nothing is paid.

    Example: `rekscan report last --min-confidence 90 --format csv,html`
    """
    asked = _formats(format)
    if items < 0:
        raise UsageError(f"--items {items}: cannot be", "Give 0 or more.")
    if not 0 <= pictures <= MOST:
        raise UsageError(f"--pictures {pictures}: cannot be", f"Give a number up to {MOST:,}.")
    if pictures and _XLSX not in asked:
        raise UsageError("--pictures are of report.xlsx, which is not asked for", "Add --format xlsx.")
    settings = resolve(connection)
    folder = find(settings, job)
    found = status_of(folder, ledger(settings))
    folder = folder if out is None else _in(folder, out, min_confidence)
    wanted = Wanted(label, only == "flagged", folder.job if new else None)
    built = _tables(folder, found, asked, min_confidence, excel, quiet=json)
    page, more = None, []
    fetch = fetcher(folder.spec, settings.aws) if thumbnails else None
    if _HTML in asked or single_file:
        s3 = (lambda: s3_client(folder.spec, settings.aws)) if folder.spec.shows_films else None
        for single in [single for single, is_asked in ((False, _HTML in asked), (True, single_file)) if is_asked]:
            page = build_report(
                folder, status=found.to_json(), wanted=wanted, items=items, thumbnails=thumbnails, fetch=fetch, s3=s3,
                single=single,
            )  # fmt: skip
            more.append(page.path)
    more += [build_markdown(folder)] if _MARKDOWN in asked else []
    more += [build_workbook(folder, pictures=Pictures(pictures, wanted, fetch))] if _XLSX in asked else []
    sheet = make_sheet(folder, wanted) if _REVIEW in asked or str(wanted) else None
    _show(folder, built, page, [*more, *([sheet] if sheet else [])], json=json)
    if sheet is not None:
        say(f"Fill in the column `verdict` of {sheet}, then: rekscan review {folder.job} FILE")
    return 0


def _formats(text: str) -> list[str]:
    asked = [name.strip() for name in text.split(",") if name.strip()]
    known = (*FORMATS, *_MADE_OF_TABLES)
    if not asked:
        raise UsageError("--format names nothing", f"Choose from: {', '.join(known)}.")
    if unknown := [name for name in asked if name not in known]:
        raise UsageError(f"there is no format {unknown[0]!r}", f"Choose from: {', '.join(known)}.")
    return asked


def _in(folder: JobFolder, out: str, min_confidence: float | None) -> JobFolder:
    """The job with its reports in a directory, made if missing. Raises UsageError where it cannot be, has those of
    another job or threshold, or a person's file in the place of one of them."""
    made = folder.with_reports_in(out)
    if not out.startswith("s3://"):
        try:
            Path(out).mkdir(0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror}", "Name a directory that can be written.") from None
    there = built_tables(made)
    if there is not None and (there.job, there.min_confidence) != (folder.job, min_confidence):
        at = "" if there.min_confidence is None else f" from {there.min_confidence:g} % confidence on"
        raise UsageError(f"{out} has the tables of job {there.job}{at}", "Name another directory.")
    if there is None and (strange := _would_overwrite(made)):
        raise UsageError(f"{out} has a file {strange} already, which no report wrote", "Name another directory.")
    return made


def _would_overwrite(folder: JobFolder) -> str | None:
    """A file where the reports go that is called as one of theirs."""
    ours = {IMAGES, VIDEOS, FAILURES, COSTS, "answers", "data-dictionary", "report", "report-single"}
    ours |= {choice.api.table for choice in folder.spec.choices}
    endings = (*FORMATS, _HTML, _XLSX, "md")
    there = (entry.name for entry in folder.report_files.entries(folder.reports))
    return next((name for name in there if name.partition(".")[0] in ours and name.endswith(endings)), None)


def _tables(
    folder: JobFolder, found: Status, asked: list[str], min_confidence: float | None, excel: bool, *, quiet: bool
) -> BuiltTables:
    """The tables that are asked for. What is there already is kept in step, the page too: all of a job say the same.
    A page that would say something else is added to what is `asked`."""
    before = built_tables(folder)
    needed = ["parquet"] if set(_MADE_OF_TABLES) & set(asked) else []  # they are made of it
    formats = [name for name in asked if name not in _MADE_OF_TABLES]
    formats = list(dict.fromkeys([*formats, *needed, *(before.formats if before else ())]))
    built = _built(folder, found, formats, min_confidence, excel, quiet=quiet)
    if _HTML not in asked and not built.says_as(before) and folder.read(f"reports/{PAGE}") is not None:
        asked.append(_HTML)
    return built


def _built(
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
        whole = summarize(folder).whole if folder.spec.sample else None
        print_json(_document(built, page, more) | ({"whole": whole.to_json()} if whole else {}))
        return
    facts = summarize(folder)
    print_line(headline(facts, min_confidence=built.min_confidence, note=unpaid(folder.spec)))
    print_line("")
    if facts.earlier:
        known = sum(facts.earlier.values())
        print_line(f"{facts.new:,} items are new, first answered in this job; {known:,} were known (column `since`).")
    for line in lines(facts):
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
