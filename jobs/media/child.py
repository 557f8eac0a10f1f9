"""The disposable process that decodes pictures: `python -m jobs.media.child`, frames in on stdin, frames out on stdout.

Rule: it may die at any moment and nobody but the picture at hand suffers. It ends itself: at the end of stdin (the
parent is gone), when a picture takes too long (the kernel's alarm and CPU limit), when it wants too much memory.
"""

import contextlib
import math
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable

from jobs.children import frames
from jobs.codes import Code
from jobs.media.fit import mend
from jobs.media.fitted import FitBounds, Unfit
from jobs.media.marked import marked

Answer = tuple[dict[str, object], bytes]
More = Callable[[dict[str, object]], bytes]  # asks the parent for more of what it gave


def main() -> None:
    serve(_answer)


def serve(answered: Callable[[dict[str, object], bytes, More], Answer]) -> None:
    """Answer frames until stdin ends. The process has as arguments how much of memory, CPU and time one may take."""
    memory, cpu_seconds, wall_seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a decoder that prints must not break the frames
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # rawpy brings numpy in: a thread a core is too much address space
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    with contextlib.suppress(ValueError, OSError):  # macOS has no working RLIMIT_AS
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def more(wanted: dict[str, object]) -> bytes:
        frames.write(sink, {"more": wanted})
        if (given := frames.read(source)) is None:
            sys.exit()  # the parent is gone
        return given[1]

    while (frame := frames.read(source)) is not None:
        signal.setitimer(signal.ITIMER_REAL, wall_seconds)
        _limit_cpu(cpu_seconds)
        head, body = answered(*frame, more)
        signal.setitimer(signal.ITIMER_REAL, 0)
        frames.write(sink, head, body)


def _limit_cpu(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), hard))


def _answer(head: dict[str, object], body: bytes, more: More) -> Answer:
    try:
        if "mark" in head:
            return marked(body, str(head["format"])), b""
        limits = FitBounds(**head["limits"])  # type: ignore[arg-type]
        fitted = mend(body, str(head["format"]), limits, only_verify=bool(head["only_verify"]))
    except Unfit as error:
        return {"reason": error.reason, "message": error.message}, b""
    except MemoryError:
        return {"reason": Code.BOMB, "message": "decoding it wants more memory than a picture may have"}, b""
    except Exception as error:
        return {"reason": Code.BROKEN, "message": f"{type(error).__name__}: {error}"}, b""
    answer = {"fit": fitted.fit, "format": fitted.format, "width": fitted.width, "height": fitted.height}
    return dict(answer), fitted.data


if __name__ == "__main__":
    main()
