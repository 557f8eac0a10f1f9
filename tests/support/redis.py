"""A Redis server of a test's own."""

import shutil
import socket
import subprocess
from pathlib import Path

from tests.support.waiting import until
from workers.config import connect
from workers.supervisor import server_binary


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RedisServer:
    """A server of the test's own: started, killed, started again on the same data."""

    def __init__(self, directory: Path, *options: str, restore_signals: bool = True) -> None:
        """`options`: more of the server's own.
        `restore_signals`: else the server inherits that SIGXFSZ is ignored: a file limit is an error, no death."""
        self.directory = directory
        self._options = options
        self._restore_signals = restore_signals
        self.url = f"unix://{directory / 'r.sock'}"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        path = self.directory / "r.sock"
        path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                server_binary(), "--port", "0", "--unixsocket", str(path), "--dir", str(self.directory),
                "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
                *self._options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            restore_signals=self._restore_signals,
        )  # fmt: skip
        until(self.answers, "the Redis server answers")

    def answers(self) -> bool:
        try:
            return bool(connect(self.url).ping())
        except Exception:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)
