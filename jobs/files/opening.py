"""From a home as a person names it to its files."""

from pathlib import Path
from typing import TYPE_CHECKING

from jobs.aws.access import Aws
from jobs.errors import UsageError
from jobs.files.base import Files
from jobs.files.local import LocalFiles
from jobs.later import Later

if TYPE_CHECKING:
    from jobs.files import s3
else:  # brings boto3 in, which a home on a disk does not need
    s3 = Later("jobs.files.s3")


def home_path(home: str) -> str:
    """A home as it is named in any working directory."""
    return home if home.startswith("s3://") else str(Path(home).absolute())


def open_home(home: str, aws: Aws | None = None) -> tuple[Files, str]:
    """The files of a home, a directory or `s3://bucket/prefix`, and the home's path among them."""
    if not home.startswith("s3://"):
        return LocalFiles(), str(Path(home).absolute())
    path = home.removeprefix("s3://").rstrip("/")
    if not path or path.startswith("/"):
        raise UsageError(f"the home {home!r} names no bucket", "Write s3://bucket/prefix.")
    return s3.S3Files(aws or Aws()), path
