"""A process without memory says so in two ways."""

import subprocess
import sys

import pytest

from workers.memory import is_short

_START = """
import resource, threading
from workers.memory import is_short
resource.setrlimit(resource.RLIMIT_AS, (1 << 27, 1 << 27))
threading.stack_size(1 << 28)
try:
    threading.Thread(target=print).start()
except Exception as error:
    print(type(error).__name__, is_short(error))
"""


def test_a_thread_that_does_not_fit_is_a_lack_of_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)
    assert done.stdout == "RuntimeError True\n"


@pytest.mark.parametrize("error", [RuntimeError("the decoder pool is closed"), ValueError("can't start new thread")])
def test_other_errors_are_none(error: Exception) -> None:
    assert not is_short(error)
    assert is_short(MemoryError())
