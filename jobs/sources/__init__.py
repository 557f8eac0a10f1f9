"""Where items come from: a directory, `s3://bucket/prefix`, an S3 Inventory manifest, a list file.

Rule: a source is a stream of record batches, so that a hundred million items need no more memory than a thousand; every
file of it becomes exactly one row, and one that will never be sent says why in `skip`.
"""

from jobs.sources.globs import EVERYTHING, Globs
from jobs.sources.opening import Source, enumerate_batches, enumerate_sources, is_list, open_source
from jobs.sources.s3 import S3ClientFactory
from jobs.uris import is_local, path_of, split_s3, uri_of

__all__ = [
    "EVERYTHING",
    "Globs",
    "S3ClientFactory",
    "Source",
    "enumerate_batches",
    "enumerate_sources",
    "is_list",
    "is_local",
    "open_source",
    "path_of",
    "split_s3",
    "uri_of",
]
