"""DuckDB for joins that need no memory to speak of: it spills into a directory of its own, and is gone with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

MEMORY = "128MB"  # beside the buffers of readers and writers


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty database in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="rekscan-") as directory, duckdb.connect(":memory:") as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        connection.execute("SET threads = 1")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET python_enable_replacements = false")
        connection.execute(f"SET temp_directory = '{directory.replace(chr(39), chr(39) * 2)}'")
        yield connection
