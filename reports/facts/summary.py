"""The job in numbers, for whoever has only its folder: `rekscan scan`'s last words, `rekscan report`, notebooks."""

import tempfile

from jobs.folder import JobFolder
from reports.facts.facts import gather
from reports.facts.values import Facts
from reports.query.query import open_tables
from reports.tables.load import load_folder


def summarize(folder: JobFolder) -> Facts:
    """What was found, what failed and why, how it ran. Builds the tables first if they are missing or old."""
    tables = load_folder(folder)
    with tempfile.TemporaryDirectory() as scratch, open_tables(tables, scratch) as query:
        return gather(query, folder.spec, tables)
