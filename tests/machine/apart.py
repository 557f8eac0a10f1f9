"""Processes of their own. The machine replaces names in product modules for good (seams.py)."""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context


@contextmanager
def apart(processes: int = 1) -> Iterator[Executor]:
    """Fresh ones, which know nothing of what this one has imported."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool
