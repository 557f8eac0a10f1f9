"""What says that this process has no memory: MemoryError, and a thread whose stack does not fit.

Rule: that is the worker's trouble, never a picture's.
"""


def is_short(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and str(error) == "can't start new thread"  # as CPython words it
    )
