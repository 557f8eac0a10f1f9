"""A job's tables in DuckDB: for the summary, the charts and `rekscan sql`.

Rule: nothing in a query can reach a file or the network. The tables are handed over as Arrow datasets, opened here.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow.dataset as ds

from jobs.folder import JobFolder
from jobs.outcomes import RESULT_SCHEMA
from reports.load import Tables

MEMORY = "1GB"
OUTCOMES = "outcomes"  # view of the stored outcomes, for the report's own queries
_LOCKS = (
    "SET memory_limit = '{memory}'",
    "SET threads = 2",
    "SET enable_progress_bar = false",  # it would stand in stdout
    "SET preserve_insertion_order = false",
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)
_LAST_LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")


@contextmanager
def open_tables(
    tables: Tables, *, outcomes: bool = False, scratch: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a view per table; `outcomes` adds the stored answers. Large sorts spill into `scratch`."""
    connection = duckdb.connect(":memory:")
    try:
        for statement in _LOCKS:
            connection.execute(statement.format(memory=MEMORY))
        connection.execute(f"SET temp_directory = '{(scratch or '').replace(chr(39), chr(39) * 2)}'")
        for name in tables:
            connection.register(name, ds.dataset(tables.path(name), filesystem=tables.folder.fs))
        if outcomes:
            connection.register(OUTCOMES, outcome_dataset(tables.folder))
        for statement in _LAST_LOCKS:
            connection.execute(statement)
        yield connection
    finally:
        connection.close()


def outcome_dataset(folder: JobFolder) -> ds.Dataset:
    """Every stored outcome, also those a retry has replaced: what happened, not what counts."""
    paths = [path for paths in folder.result_parts().values() for path in paths]
    return ds.dataset(paths, schema=RESULT_SCHEMA, format="parquet", filesystem=folder.fs)
