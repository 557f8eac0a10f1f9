"""The disposable process that runs an ffmpeg: `python -m jobs.video.transcode_child CPU-SECONDS COMMAND...`.

Rule: the ffmpeg ends with it, and it ends with its parent: at the end of stdin. What became of it is a frame on stdout.
"""

import os
import resource
import signal
import subprocess
import sys
import threading

from jobs.children import frames

_NICE = 5  # calls on pictures and films go on beside it
_SAID = 2_000  # bytes of its last words


def main() -> None:
    seconds, *command = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))  # the ffmpeg's, too
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    running = subprocess.Popen(  # noqa: S603  made by jobs/video/ffmpeg.py
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    threading.Thread(target=_end_with_parent, args=[running], daemon=True).start()
    said = b""
    assert running.stderr is not None
    while piece := running.stderr.read1():  # type: ignore[attr-defined]
        said = (said + piece)[-_SAID:]
    code = running.wait()
    frames.write(sys.stdout.buffer, {"code": code, "said": said.decode("utf-8", "replace").strip()})


def _end_with_parent(running: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    running.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
