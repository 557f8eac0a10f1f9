"""`rekscan sql`: a query over a job's tables."""

from typing import Annotated, Literal

from cyclopts import Parameter

from jobs.errors import UsageError
from rekscan.console.output import print_document, print_json, results, say
from rekscan.scans.engine import find
from rekscan.settings import Connection, resolve
from reports.query.sql import ask, csv_lines, grid, plain_lines
from reports.tables.load import load_folder, threshold_note


def sql(
    job: Annotated[str, Parameter(help="Job id, or `last`.")],
    query: Annotated[str, Parameter(help="One SELECT over the job's tables (DuckDB's SQL).")],
    *,
    format: Annotated[
        Literal["auto", "table", "csv", "json"],
        Parameter(help="auto: a table on a terminal, plain tab-separated lines in a pipe."),
    ] = "auto",
    limit: Annotated[int, Parameter(help="Rows of a table on the terminal.")] = 100,
    json: Annotated[bool, Parameter(negative=(), help="The same as --format json.")] = False,
    connection: Connection | None = None,
) -> int:
    """Query a job's tables: images, one per API, failures, costs. Read-only; the query reaches no file and no network.

    Example: `rekscan sql last "select uri, confidence from labels where name = 'Dog' and confidence > 90"`
    """
    if limit < 0:
        raise UsageError(f"--limit {limit}: cannot be", "Give 0 or more.")
    folder = find(resolve(connection), job)
    shape: str = "json" if json else format
    if shape == "auto":
        shape = "table" if results.is_terminal else "lines"
    built = load_folder(folder).built
    if built.min_confidence is not None:
        say(f"Note: {threshold_note(built)}.")
    with ask(folder, query) as answer:
        if shape == "json":
            print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows()], exact=True)
        elif shape == "table":
            results.print(grid(answer, limit))
        else:
            print_document(csv_lines(answer) if shape == "csv" else plain_lines(answer))
    return 0
