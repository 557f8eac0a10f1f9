"""Commands that look at jobs: status, jobs. `last` is the newest of the home."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jobs.documents import NewerFormat
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.later import Later
from jobs.sample.record import Sample
from jobs.status import Status, status_of
from rekscan.console.output import print_json, print_line, results, say
from rekscan.console.plan import fitting
from rekscan.console.status import (
    JOBS,
    RIGHT,
    STATUS,
    WHOLE,
    WIDE,
    job_row,
    source_of,
    status_line,
    status_notes,
    status_rows,
)
from rekscan.scans import open_films
from rekscan.scans.engine import find, ledger, warn_of
from rekscan.scans.models_left import models_left
from rekscan.settings import Connection, resolve

if TYPE_CHECKING:
    from jobs.ledger import server
else:
    server = Later("jobs.ledger.server")

JobArg = Annotated[str, Parameter(help="Job id, or `last`.")]
JsonFlag = Annotated[bool, Parameter(help="Print a JSON document.", negative=())]


def status(job: JobArg = "last", *, connection: Connection | None = None, json: JsonFlag = False) -> int:
    """How far a job is, what became of its calls, what it cost, and what it waits for.

    Example: `rekscan status last --json`
    """
    settings = resolve(connection)
    folder = find(settings, job)
    records = ledger(settings)
    films = open_films.open_films(folder, records)
    show(
        status_of(folder, records), as_json=json, films=films if folder.spec.films else None, sample=folder.spec.sample
    )
    for left in models_left([folder], records):
        say((left.text, "yellow"))
    warn_of(server.trouble(records.redis) if records else None)
    return 0


def jobs(*, connection: Connection | None = None, json: JsonFlag = False) -> int:
    """The jobs of the home, oldest first.

    Example: `rekscan jobs --json`
    """
    settings = resolve(connection)
    records = ledger(settings)
    folders = [JobFolder(settings.home, name, settings.aws) for name in list_jobs(settings.home, settings.aws)]
    found: list[tuple[JobFolder, Status]] = []
    for folder in folders:
        try:
            found.append((folder, status_of(folder, records)))
        except NewerFormat as error:  # the others can be told
            say(f"{error.what}. {error.do}")
    if json:
        print_json([_document(folder.spec, state) for folder, state in found])
    elif found and results.is_terminal:
        shown = len(JOBS) if results.width >= WIDE else len(JOBS) - 1
        rows = [job_row(folder.spec, state)[:shown] for folder, state in found]
        results.print(fitting(results.width, JOBS[:shown], rows, RIGHT, WHOLE))
    else:
        for folder, state in found:
            print_line(f"{status_line(state)}  {source_of(folder.spec)}")
    for left in models_left(folders, records):
        say((left.text, "yellow"))
    if not folders and not json:
        say(f"no jobs in {settings.home}")
    return 0


def show(
    found: Status,
    *,
    as_json: bool,
    films: "list[open_films.OpenJob] | None" = None,
    sample: Sample | None = None,
) -> None:
    """A document; on a terminal a table, else a line. `films`: the job's open ones, where it asks about any. `sample`:
    what it was drawn from, where it is one."""
    if as_json:
        print_json(
            found.to_json()
            | _sample_json(sample)
            | ({} if films is None else {"video_jobs": open_films.to_json(films)})
        )
        return
    if results.is_terminal:
        about, *notes = status_notes(found)
        results.print(about, style="bold")
        results.print(fitting(results.width, STATUS, status_rows(found), RIGHT, WHOLE))
        for note in notes:
            results.print(note)
    else:
        print_line(status_line(found))
    if sample:
        print_line(f"It is {sample}.")
    if films:
        print_line(open_films.sentence(films))


def _document(spec: JobSpec, state: Status) -> dict[str, Any]:
    """Of one job, in `jobs --json`."""
    return {**state.to_json(), "created_at": spec.created_at, "sources": spec.sources, **_sample_json(spec.sample)}


def _sample_json(sample: Sample | None) -> dict[str, Any]:
    return {"sample": sample.in_short()} if sample else {}
