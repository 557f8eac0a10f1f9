"""A review of a job: verdicts in, `reports/review.json` out, which the page shows from then on."""

import tempfile
from collections.abc import Iterable

from jobs import documents
from jobs.errors import UsageError
from jobs.folder import JobFolder
from reports.facts.gallery import Wanted
from reports.query.query import open_tables
from reports.review.sheet import ROWS, counts, vocabulary, write_sheet
from reports.review.verdicts import TARGET, Review, Verdict, review
from reports.tables.load import load_folder

FILE = "reports/review.json"


def judge(folder: JobFolder, verdicts: Iterable[Verdict], target: float = TARGET) -> Review:
    """Weigh verdicts against all findings of the job, and keep the result with it.

    Raises UsageError when nobody has judged anything, or a verdict is about an API the job did not ask.
    """
    said = list(verdicts)
    apis = [choice.api for choice in folder.spec.apis]
    if not said:
        raise UsageError("nothing is judged in this file", "Write yes, no or ? into its column `verdict`.")
    if strange := {verdict.api for verdict in said} - {api.name for api in apis}:
        raise UsageError(f"job {folder.job} did not ask {min(strange)!r}", "Is this the review.csv of another job?")
    asked = {verdict.api for verdict in said}
    with tempfile.TemporaryDirectory() as scratch, open_tables(load_folder(folder), scratch) as query:
        findings = counts(query, [api for api in apis if api.name in asked], apis, Wanted())
    found = review(vocabulary(apis, said), findings, target)
    folder.write(FILE, documents.pack(found.to_json()))
    return found


def read_review(folder: JobFolder) -> Review | None:
    """The last review of the job, None before the first."""
    data = folder.read(FILE)
    return Review.from_json(documents.unpack(data, f"{FILE} of job {folder.job}")) if data else None


def make_sheet(folder: JobFolder, wanted: Wanted, most: int = ROWS) -> str:
    """Write a review.csv to fill in; where it is."""
    apis = [choice.api for choice in folder.spec.apis]
    with tempfile.TemporaryDirectory() as scratch, open_tables(load_folder(folder), scratch) as query:
        return write_sheet(folder, query, apis, wanted, most)
