"""A `rekscan` command whose wall clock is off: `python -m tests.faults.skewed SECONDS worker ...`.

What rekscan and the libraries that sign and queue for it call the time of day is shifted; the monotonic clock is not.
"""

import datetime
import sys
import time
import types

import workers.runtime  # noqa: F401  everything a worker uses is there before it is shifted
from rekscan.cli import main

_SHIFTED = ("jobs", "workers", "reports", "rekscan", "botocore", "boto3", "celery", "kombu", "redis", "logging")
_time, _datetime = time.time, datetime.datetime
_off = float(sys.argv.pop(1))


class _IsDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _datetime)


class _Datetime(_datetime, metaclass=_IsDatetime):
    """Makes plain datetimes; only now is another."""

    __slots__ = ()

    def __new__(cls, *arguments: object, **named: object) -> datetime.datetime:  # type: ignore[misc]
        return _datetime(*arguments, **named)  # type: ignore[arg-type]

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return _datetime.now(tz) + datetime.timedelta(seconds=_off)

    @classmethod
    def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
        return cls.now(datetime.UTC).replace(tzinfo=None)


def _shift() -> None:
    shifted = types.ModuleType("datetime")
    shifted.__dict__.update({**vars(datetime), "datetime": _Datetime})
    time.time = lambda: _time() + _off
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _SHIFTED:
            for key, value in list(vars(module).items()):
                if value is _datetime:
                    setattr(module, key, _Datetime)
                elif value is datetime:
                    setattr(module, key, shifted)
                elif value is _time:
                    setattr(module, key, time.time)


_shift()
main()
