"""What each test file costs in processor seconds, its child processes' too: on a busy machine the clock says little.

    make test FLAGS="-p tests.support.cpu"

Rule: it only watches. A child counts once it was waited for; servers that outlive the last test are in no file.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Generator

import pytest

_cpu: defaultdict[str, float] = defaultdict(float)
_clock: defaultdict[str, float] = defaultdict(float)
_tests: Counter[str] = Counter()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _watched(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _watched(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _watched(item))


def _watched(item: pytest.Item) -> Generator[None, object, object]:
    cpu, clock = _now()
    try:
        return (yield)
    finally:
        cpu_then, clock_then = _now()
        item.user_properties += [("cpu", cpu_then - cpu), ("clock", clock_then - clock)]


def _now() -> tuple[float, float]:
    return sum(os.times()[:4]), time.monotonic()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":  # its properties are those of all three phases
        file = report.location[0]
        _tests[file] += 1
        _cpu[file] += _sum(report, "cpu")
        _clock[file] += _sum(report, "clock")


def _sum(report: pytest.TestReport, kind: str) -> float:
    return sum(float(str(spent)) for name, spent in report.user_properties if name == kind)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("processor seconds, seconds by the clock, tests")
    for file, seconds in sorted(_cpu.items(), key=lambda one: -one[1]):
        terminalreporter.write_line(f"{seconds:8.1f} {_clock[file]:8.1f} {_tests[file]:6} {file}")
    terminalreporter.write_line(f"{sum(_cpu.values()):8.1f} {sum(_clock.values()):8.1f} {_tests.total():6} in all")
