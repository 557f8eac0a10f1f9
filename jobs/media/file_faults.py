"""What an error of reading a local file means. Pure.

Rule: only what is said of the file itself is a verdict on it. Trouble of this machine or of the disk passes or is ours,
and an error number that is not known here is ours too.
"""

import errno

from jobs.aws.faults import Fault, Kind

# It is not there, may not be read, or is no file.
_OF_THE_FILE = frozenset(
    (
        errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
        errno.ENXIO, errno.ENODEV, errno.EINVAL,
    )
)  # fmt: skip
_PASSING = frozenset(
    (
        errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR, errno.ETIMEDOUT, errno.ESTALE, errno.EIO,
        errno.ENOTCONN,
    )
)  # fmt: skip
_OPEN_FILES = frozenset((errno.EMFILE, errno.ENFILE))


def of_file(error: OSError, uri: str) -> Fault | None:
    """None: a verdict on the file."""
    return None if error.errno in _OF_THE_FILE else of_machine(error, uri)


def of_machine(error: OSError, what: str) -> Fault:
    """The same where no file of the source is opened: never a verdict on the picture."""
    code = errno.errorcode.get(error.errno or 0, type(error).__name__)
    text = f"{what}: {error.strerror or error}"
    if error.errno in _OPEN_FILES:
        do = "Allow the workers more open files (`ulimit -n`), or fewer calls (--calls), then resume the job."
        return Fault(Kind.AWAY, code, text, do)
    if error.errno == errno.ENOMEM:
        return Fault(Kind.AWAY, code, text, "Give the workers more memory, then resume the job.")
    return Fault(Kind.TRANSIENT, code, text, "Is the disk or share whole, and mounted? Then resume the job.")


def passes(error: OSError) -> bool:
    """Whether the same may go well a little later, without anybody's help."""
    return error.errno in _PASSING
