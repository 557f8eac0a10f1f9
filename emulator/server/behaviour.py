"""Behaviour under load, on request: quotas, ramps, latency and faults.

Chance is a hash of (seed, operation, content, attempt), not a shared stream, so that the same call meets the same
fate however the requests interleave.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from emulator.errors import AwsError, OptionError

WIRE = ("reset", "hang", "truncate", "html", "slow")
FAIL = "fail"  # a video job that starts and then fails
_UNSUPPORTED = "Unsupported codec/format."  # AWS's message for a film that is not H.264
_CODES = {500: "InternalServerError", 503: "ServiceUnavailableException", 403: "AccessDeniedException"}


@dataclass(slots=True)
class Bucket:
    """A token bucket: `rate` a second, `burst` at once."""

    rate: float
    burst: float
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


@dataclass(slots=True)
class Ramp:
    """Refuses a second that brings more than `factor` times what the one before was allowed (never below `floor`)."""

    factor: float
    floor: float = 5.0
    second: int = -1
    seen: int = 0
    before: int = 0

    def take(self, now: float) -> bool:
        second = int(now)
        if second != self.second:
            self.before = self.seen if second == self.second + 1 else 0
            self.second, self.seen = second, 0
        if self.seen + 1 > max(self.floor, self.before * self.factor):
            return False
        self.seen += 1
        return True


@dataclass(slots=True)
class Quotas:
    """`rates` by operation, or by operation and Region (`DetectLabels@eu-west-1`): each Region has a quota of its own.
    `burst` None means a tenth of the rate, at least 1."""

    rates: dict[str, float] = field(default_factory=dict)
    burst: float | None = None
    ramp: float | None = None
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)  # by operation and Region
    _ramps: dict[tuple[str, str], Ramp] = field(default_factory=dict)

    def change(self, rates: dict[str, float], now: float) -> None:
        """Other rates from now on; a bucket keeps what it has, up to its new size."""
        self.rates = rates
        for place, bucket in list(self._buckets.items()):
            if (rate := self._rate(*place)) is None:
                del self._buckets[place]
                continue
            burst = max(1.0, rate / 10 if self.burst is None else self.burst)
            self._buckets[place] = Bucket(rate, burst, min(bucket.tokens, burst), now)

    def _rate(self, operation: str, region: str) -> float | None:
        return self.rates.get(f"{operation}@{region}", self.rates.get(operation))

    def refusal(self, operation: str, now: float, region: str = "") -> AwsError | None:
        place = operation, region
        if self.ramp is not None:
            ramp = self._ramps.setdefault(place, Ramp(self.ramp))
            if not ramp.take(now):
                return AwsError("ThrottlingException", "Slow down; sudden increase in rate of requests")
        rate = self._rate(*place)
        if rate is None:
            return None
        bucket = self._buckets.get(place)
        if bucket is None:
            burst = max(1.0, rate / 10 if self.burst is None else self.burst)
            bucket = self._buckets[place] = Bucket(rate, burst, burst, now)
        if bucket.take(now):
            return None
        return AwsError("ProvisionedThroughputExceededException", "Provisioned Rate exceeded")


def parse_quotas(texts: Iterable[str], scale: float, operation_of: Callable[[str], str]) -> dict[str, float]:
    """`labels=50` or `DetectLabels=50`, or of one Region `labels@eu-west-1=50`, each times `scale`."""
    rates = {}
    for text in texts:
        name, _, value = text.partition("=")
        rate = _number(value, f"--quota {text}", "write --quota labels=50")
        api, at, region = name.partition("@")
        rates[operation_of(api) + at + region] = rate * scale
    return rates


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds an answer waits at least, `jitter` more or less."""

    seconds: float = 0.0
    jitter: float = 0.0

    def draw(self, chance: float) -> float:
        return max(0.0, self.seconds + self.jitter * (2.0 * chance - 1.0))


def parse_latency(text: str | None) -> Latency:
    """`300ms`, `0.3s`, `300ms±100`, `300ms+-100`; a bare jitter has the unit of the latency."""
    if not text:
        return Latency()
    match = re.fullmatch(r"([\d.]+)(ms|s)(?:(?:±|\+-)([\d.]+)(ms|s)?)?", text.replace(" ", ""))
    if match is None:
        raise OptionError(f"--latency {text}: write 300ms, 0.3s or 300ms±100")
    unit = {"ms": 0.001, "s": 1.0}
    hint = "write 300ms±100"
    seconds = _number(match[1], f"--latency {text}", hint) * unit[match[2]]
    jitter = _number(match[3] or "0", f"--latency {text}", hint) * unit[match[4] or match[2]]
    return Latency(seconds, jitter)


@dataclass(slots=True)
class Fault:
    """One `--fault`: which calls, what befalls them, how often (`share`), how many `times` or for what `content`."""

    operation: str  # "*" for every one
    what: str  # an error code, FAIL, or one of WIRE
    status: int = 400
    seconds: float = 0.0
    share: float = 1.0
    times: int | None = None
    content: str = ""
    message: str = ""  # of a failed job
    text: str = ""
    region: str = ""  # of the calls; "": any
    used: int = 0

    def hits(self, operation: str, content: str, chance: float, region: str = "") -> bool:
        if self.region not in ("", region):
            return False
        if self.what == FAIL and not operation.startswith("Start"):
            return False
        if self.operation not in ("*", operation) or self.content not in content or chance >= self.share:
            return False
        if self.times is not None and self.used >= self.times:
            return False
        self.used += 1
        return True

    def error(self) -> AwsError:
        return AwsError(self.what, f"Injected by --fault {self.text}", self.status)


def parse_fault(text: str, operation_of: Callable[[str], str]) -> Fault:
    """`<operation or *>[@<Region>]:<what>:<1%, 0.01, a count, or @content>`; see docs/emulator.md."""
    hint = "write --fault 'DetectFaces:500:1%', '*:reset:3' or 'labels:400:InvalidImageFormatException:@<sha256>'"
    rest, at, content = text.partition(":@")
    parts = rest.split(":")
    amount = "" if at else parts.pop() if len(parts) > 2 else "missing"
    if len(parts) not in (2, 3) or amount == "missing":
        raise OptionError(f"--fault {text}: {hint}")
    name, _, region = parts[0].partition("@")
    fault = Fault("*" if name == "*" else operation_of(name), "", content=content, text=text, region=region)
    _set_what(fault, parts[1:], hint)
    if amount.endswith("%"):
        fault.share = _number(amount[:-1], f"--fault {text}", hint) / 100
    elif amount.isdigit():
        fault.times = int(amount)
    elif amount:
        fault.share = _number(amount, f"--fault {text}", hint)
    return fault


def _set_what(fault: Fault, parts: list[str], hint: str) -> None:
    name, _, value = parts[0].partition("=")
    if name in WIRE and len(parts) == 1:
        fault.what = name
        fault.status = int(value) if name == "html" and value.isdigit() else 200
        fault.seconds = _number(value, f"--fault {fault.text}", hint) if name == "slow" and value else 5.0
    elif name == FAIL and len(parts) == 1:
        fault.what, fault.status, fault.message = name, 200, value or _UNSUPPORTED
    elif parts[0].isdigit() and 400 <= int(parts[0]) <= 599:
        fault.status = int(parts[0])
        default = "InternalServerError" if fault.status >= 500 else "InvalidParameterException"
        fault.what = parts[1] if len(parts) == 2 else _CODES.get(fault.status, default)
    elif re.fullmatch(r"[A-Z][A-Za-z]+", parts[0]) and len(parts) == 1:
        fault.what = parts[0]
        fault.status = 500 if parts[0] == "InternalServerError" else 400
    else:
        raise OptionError(f"--fault {fault.text}: {hint}")


@dataclass(slots=True)
class Behaviour:
    """All of it together, for one server; replaceable while it runs through /admin/faults."""

    quotas: Quotas = field(default_factory=Quotas)
    latency: Latency = field(default_factory=Latency)
    faults: list[Fault] = field(default_factory=list)
    seed: int = 0
    _attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    def fault(self, operation: str, content: str, region: str = "") -> Fault | None:
        if not self.faults:
            return None
        attempt = self._attempts[operation, content] = self._attempts.get((operation, content), 0) + 1
        for place, fault in enumerate(self.faults):
            if fault.hits(operation, content, self._chance(f"{operation}|{content}|{attempt}|{place}"), region):
                return fault
        return None

    def delay(self, number: int) -> float:
        if not self.latency.jitter:
            return self.latency.seconds
        return self.latency.draw(self._chance(f"latency|{number}"))

    def forget(self) -> None:
        """As if no call had been made yet."""
        self._attempts.clear()
        for fault in self.faults:
            fault.used = 0

    def _chance(self, key: str) -> float:
        digest = hashlib.blake2b(f"{self.seed}|{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


class Arrivals:
    """When each call came and whether it was let in; the newest million of each operation, for benchmarks."""

    def __init__(self, keep: int = 1_000_000) -> None:
        self._keep = keep
        self._log: dict[str, deque[float]] = {}  # the time, negative for a call that was refused

    def note(self, operation: str, now: float, accepted: bool) -> None:
        log = self._log.get(operation)
        if log is None:
            log = self._log[operation] = deque(maxlen=self._keep)
        log.append(now if accepted else -now)

    def of(self, operation: str | None) -> list[tuple[float, bool]]:
        logs = self._log.values() if operation is None else [self._log.get(operation, ())]
        return sorted((abs(at), at > 0) for log in logs for at in log)

    def clear(self) -> None:
        self._log.clear()


def _number(text: str, where: str, hint: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise OptionError(f"{where}: {hint}")
    return value
