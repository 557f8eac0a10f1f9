"""`rekscan open`: a job's report in the browser, wherever its home is."""

import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jobs.folder import JobFolder
from jobs.media.fetch import fetcher
from jobs.money.stored import data_folder
from jobs.status import status_of
from rekscan.commands.job import JobArg
from rekscan.console.output import print_line
from rekscan.scans.engine import find, ledger
from rekscan.settings import Connection, Settings, resolve
from reports.views.report import PAGE, SIDE, build_report


def open_report(
    job: JobArg = "last",
    *,
    browser: Annotated[bool, Parameter(help="Open it; else its path is printed alone.")] = True,
    connection: Connection | None = None,
) -> int:
    """Open a job's report in the browser. One on S3 is brought here first; one that is missing is built.

    Example: `rekscan open last`
    """
    settings = resolve(connection)
    folder = find(settings, job)
    if folder.read(f"reports/{PAGE}") is None:
        _build(folder, settings)
    page = Path(folder.reports, PAGE) if folder.files.on_disk else _brought(folder)
    print_line(str(page))
    if browser:
        webbrowser.open(page.as_uri())
    return 0


def _build(folder: JobFolder, settings: Settings) -> None:
    status = status_of(folder, ledger(settings)).to_json()
    build_report(folder, status=status, fetch=fetcher(folder.spec, settings.aws))


def _brought(folder: JobFolder) -> Path:
    """The page and its pictures on this machine, their owner's alone."""
    here = data_folder() / "reports" / folder.job
    (here / SIDE).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (PAGE, *(f"{SIDE}/{picture}" for picture in folder.names(f"reports/{SIDE}"))):
        (here / name).write_bytes(folder.read(f"reports/{name}") or b"")
    return here / PAGE
