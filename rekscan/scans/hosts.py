"""What the hosts of a cluster must be able to reach: files of this machine are not there.

Rule: said before anything is paid, and not refused: a shared disk makes it right.
"""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pyarrow.compute as pc

from jobs.folder import JobFolder
from jobs.known.duplicates import manifest
from jobs.ledger import Ledger
from jobs.uris import is_arn
from rekscan.settings import Settings
from workers.reconcile import hosts

_HERE = ("localhost", "127.0.0.1", "::1", None)  # None: a socket
_ROWS = 50_000


def hosts_need(ledger: Ledger, folder: JobFolder, sources: tuple[str, ...], settings: Settings) -> str:
    """A sentence on the sources and the home that are on this machine while workers are elsewhere; "" else."""
    others = sorted(hosts(ledger) - {socket.gethostname()})
    if not others and urlsplit(settings.redis_url or "").hostname in _HERE:
        return ""
    needs = [*_sources(folder, sources), *([] if folder.home.startswith("s3://") else [f"write {folder.home}"])]
    if not needs:
        return ""
    who = f"Workers on {', '.join(others)}" if others else "Workers on other hosts"
    return (
        f"{who} must be able to {' and to '.join(needs)} under the same path, as on a shared disk; else put them on S3."
    )


def _sources(folder: JobFolder, sources: tuple[str, ...]) -> Iterator[str]:
    here = [source for source in sources if "://" not in source and not is_arn(source)]
    uri = pc.field("uri")
    local = pc.starts_with(uri, "/") | pc.starts_with(uri, "file://")
    files = manifest(folder).batches(["uri"], local, rows=_ROWS) if here else ()
    if any(batch.num_rows for batch in files):  # a list of this machine may name objects on S3
        yield f"read {', '.join('what stdin names' if source == '-' else source for source in here)}"
