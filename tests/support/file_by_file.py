"""pytest-xdist, a file at a time: a process collects a file when it is its turn, and no other.

    pytest -n 8 -p tests.support.file_by_file tests

xdist's own processes each collect every file first, which takes a minute of processor time in a clean clone.
Rules: whoever is free gets the next file, so what takes long comes first; files that share servers for a whole session
(tests/emulator) go to few processes.
"""

from collections.abc import Sequence

import pytest
from xdist.workermanage import WorkerController, parse_tx_spec_config

from tests.support import file_process

_FIRST = (  # where files take long
    "tests/emulator/", "tests/machine/", "tests/faults/", "tests/integration/videos/", "tests/integration/scans/",
    "tests/integration/gate/", "tests/integration/test_", "tests/integration/",
)  # fmt: skip
_TOGETHER = ("tests/emulator/",)  # their files share a session's servers
_PROCESSES = 2  # that may have files of such a folder


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        file_process.take_over(config)


def pytest_xdist_make_scheduler(config: pytest.Config) -> "FileByFile":
    return FileByFile(config)


def _turn(file: str) -> int:
    """Lower: earlier."""
    return next((place for place, begin in enumerate(_FIRST) if file.startswith(begin)), len(_FIRST))


def _shared(file: str) -> str | None:
    return next((folder for folder in _TOGETHER if file.startswith(folder)), None)


class FileByFile:
    """As xdist has schedulers (xdist.scheduler.Scheduling): its items are files."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.numnodes = len(parse_tx_spec_config(config))
        self.files: list[str] = []
        self.left: list[int] = []  # files nobody has yet
        self._has: dict[WorkerController, int | None] = {}
        self._ready: set[WorkerController] = set()
        self._homes: dict[str, set[WorkerController]] = {folder: set() for folder in _TOGETHER}
        self._begun = False

    @property
    def nodes(self) -> list[WorkerController]:
        return list(self._has)

    @property
    def collection_is_completed(self) -> bool:
        return self._begun or len(self._ready) >= self.numnodes

    @property
    def has_pending(self) -> bool:
        return bool(self.left) or any(file is not None for file in self._has.values())

    @property
    def tests_finished(self) -> bool:
        return self._begun and not self.has_pending

    def add_node(self, node: WorkerController) -> None:
        self._has[node] = None

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        self._ready.add(node)
        if not self.files:
            self.files = list(collection)
            self.left = sorted(range(len(self.files)), key=lambda file: _turn(self.files[file]))

    def schedule(self) -> None:
        self._begun = True
        if (reporter := self.config.pluginmanager.getplugin("terminalreporter")) is not None:
            reporter._get_progress_information_message = self._progress  # pytest's own needs the number of tests
        for node in self.nodes:
            if self._has[node] is None and node in self._ready:
                self._give(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        self._has[node] = None
        self._give(node)

    def remove_node(self, node: WorkerController) -> str | None:
        """The file at which it died, if it did."""
        file = self._has.pop(node)
        self._ready.discard(node)
        for homes in self._homes.values():
            homes.discard(node)
        return None if file is None else self.files[file]

    def _progress(self) -> str:
        done = len(self.files) - len(self.left) - sum(file is not None for file in self._has.values())
        return f" [{100 * done // len(self.files):3}%]"

    def _give(self, node: WorkerController) -> None:
        """The next file that may run there; those of a folder that it is a home of before all others."""
        homes = {folder for folder, nodes in self._homes.items() if node in nodes}
        own = [file for file in self.left if _shared(self.files[file]) in homes]
        free = [file for file in self.left if self._may_run(node, _shared(self.files[file]))]
        if not (own or free):
            node.shutdown()
            return
        file = self._has[node] = (own or free)[0]
        self.left.remove(file)
        if (folder := _shared(self.files[file])) is not None:
            self._homes[folder].add(node)
        node.send_runtest_some([file])

    def _may_run(self, node: WorkerController, folder: str | None) -> bool:
        return folder is None or node in self._homes[folder] or len(self._homes[folder]) < _PROCESSES
