"""`rekscan review`: what people wrote into a review.csv becomes precision, a threshold and an allow-list."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from jobs.errors import RekscanError, UsageError
from rekscan.console.output import print_json, print_line
from rekscan.scans.engine import find
from rekscan.settings import Connection, resolve
from reports.review.cells import MOST_BYTES
from reports.review.judged import judge
from reports.review.verdicts import TARGET, read_verdicts
from reports.views.terminal import review_lines


def review(
    job: Annotated[str, Parameter(help="Job id, or `last`.")],
    file: Annotated[Path, Parameter(help="A review.csv (or .xlsx) whose column `verdict` is filled in: yes, no or ?.")],
    *,
    target: Annotated[float, Parameter(help="Share of findings that must be right above the threshold.")] = TARGET,
    json: Annotated[bool, Parameter(negative=(), help="Print a JSON document.")] = False,
    connection: Connection | None = None,
) -> int:
    """How often findings are right, by name and confidence, from a filled-in review.csv; the next report shows it.

    The sheet is that of `rekscan report --format review`, or the one that the report's own "Judge findings" saves.

    Example: `rekscan review last review.csv --target 0.95`
    """
    if not 0 < target < 1:
        raise UsageError(f"--target {target:g}: not a share", "Give a number between 0 and 1, as 0.9.")
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise RekscanError(
            f"cannot read {file}: {error.strerror}", "`rekscan report --format review` writes a sheet."
        ) from None
    folder = find(resolve(connection), job)
    found = judge(folder, read_verdicts(data, folder.job), target)
    if json:
        print_json(found.to_json())
        return 0
    for line in review_lines(found):
        print_line(line)
    return 0
