"""A process of file_by_file.py: one of xdist's, whose items are files. It collects one when it is told to run it."""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import pytest
from _pytest.runner import collect_one_node
from hypothesis.internal.conjecture import providers
from xdist import remote


def take_over(config: pytest.Config) -> None:
    """From xdist's own, which has been registered and waits for pytest to collect."""
    theirs = next(one for one in config.pluginmanager.get_plugins() if type(one).__name__ == "WorkerInteractor")
    config.pluginmanager.unregister(theirs)
    remote.interactor = Interactor(config, theirs.channel)


class Interactor(remote.WorkerInteractor):  # type: ignore[misc]
    """It says of files what xdist's says of tests."""

    def pytest_collection(self, session: pytest.Session) -> bool:
        super().pytest_collection()
        self._files: list[Any] = []
        try:
            self._files = list(session.perform_collect(genitems=False))
        except pytest.UsageError as error:
            said = "\n".join(map(str, error.args))
            self.pytest_collectreport(pytest.CollectReport(" ".join(session.config.args), "failed", said, None))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[Any]) -> None:
        """Folders become their files before pytest takes its collection for finished: it then drops the conftest.py of
        each that is still closed."""
        items[:] = _files(session, items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Folders are, and no file yet."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.sendevent("testreport", data=data)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        _same_examples()
        self.channel.setcallback(self.handle_command, endmarker=remote.Marker.SHUTDOWN)
        names = [file.nodeid for file in self._files]
        self.sendevent("collectionfinish", topdir=str(self.config.rootpath), ids=names)
        while isinstance(number := self.torun.get(), int):
            began = time.perf_counter()
            self._run(session, self._files[number])
            if session.shouldfail or session.shouldstop:
                break
            took = time.perf_counter() - began
            self.sendevent("runtest_protocol_complete", item_index=number, duration=took)
        return True

    def _run(self, session: pytest.Session, file: Any) -> None:
        items: list[Any] = list(session.genitems(file))
        self.config.hook.pytest_collection_modifyitems(session=session, config=self.config, items=items)
        for item, then in zip(items, chain(items[1:], [_Later(session)]), strict=False):
            self.config.hook.pytest_runtest_protocol(item=item, nextitem=then)
            if session.shouldfail or session.shouldstop:
                return


def _files(session: pytest.Session, found: Iterable[Any]) -> Iterator[Any]:
    """Those in the folders, and single tests that were named."""
    for node in found:
        if isinstance(node, pytest.Directory):
            report = collect_one_node(node)
            node.ihook.pytest_collectreport(report=report)
            yield from _files(session, report.result)
        else:
            yield node


class _Later:
    """An item of a file that is not known yet: all ends but what is for the whole session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def listchain(self) -> list[pytest.Session]:
        return [self._session]


def _same_examples() -> None:
    """Hypothesis also tries numbers that stand in modules of ours, but in none of the files that ran before."""
    providers._get_local_constants()
    providers.is_local_module_file = lambda path: False  # type: ignore[attr-defined,assignment]
