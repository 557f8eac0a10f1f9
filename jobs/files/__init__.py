"""Files of job homes, on a local disk or on S3: one contract, two backends.

    base.py     the contract, `Files`: what every backend promises, in its docstrings
    local.py    a directory: temporary name, fsync, rename
    s3.py       a bucket: one PUT, `If-None-Match: *` where a file is written once; over boto3's clients alone
    ranges.py   an S3 object as a file that is read here and there
    tables.py   Parquet files as tables

Rule: nobody else opens, writes or lists a file of a home, and nobody asks which backend it is. The same tests run on
both (tests/integration/files/test_contract.py). Paths are texts: absolute ones locally, `bucket/key` on S3.
"""

from jobs.aws.access import Aws
from jobs.files.base import FileEntry, Files
from jobs.files.opening import home_path, open_home
from jobs.files.tables import ParquetFiles, read_columns, read_table

__all__ = ["Aws", "FileEntry", "Files", "ParquetFiles", "home_path", "open_home", "read_columns", "read_table"]
