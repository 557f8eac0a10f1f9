"""A job's tables in DuckDB, for the package's own counting and for `rekscan sql`.

Rule: memory does not grow with the archive, and a typed query reaches nothing but the tables.
"""
