"""Pictures by URL, from servers nobody vouches for.

Rule: a host is resolved once a hop and the connection goes to the address that was judged, so that neither a redirect
nor a second answer of the DNS leads elsewhere. Only what is final (gone, no picture) is a verdict on the picture; a
server's trouble is waited for, and then a failure that `retry` asks about again.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationValueError, NewConnectionError, SSLError
from urllib3.util import Timeout, Url, parse_url

from jobs.aws.faults import Fault, Kind
from jobs.codes import Code
from jobs.items import Item
from jobs.media.addresses import is_public
from jobs.media.check import Skip
from jobs.media.origins import Loaded, foreseen, read_original
from jobs.redact import redact

Resolve = Callable[[str, int], list[str]]  # host, port -> addresses
TOTAL_SECONDS = 300.0  # of one download, from the request to the last byte
TRIES = 4
_HOPS = 5  # redirects followed
_LONGEST_WAIT = 10.0  # seconds between two tries, whatever Retry-After says
_AWAY = 3  # pictures in a row that a server did not give after all tries: later ones are tried once
_HOSTS = 10_000  # of which that is remembered
_GONE = frozenset((404, 410))
_PASSES = frozenset((408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_PORTS = {"http": 80, "https": 443}


class _Trouble(Exception):
    """The server's or the network's. `after`: seconds it asks to wait; `passes`: another try may do."""

    def __init__(self, message: str, *, passes: bool = True, after: float | None = None) -> None:
        super().__init__(message)
        self.passes = passes
        self.after = after


class _Private(Exception):
    """The URL leads to an address a list may not reach."""


class Web:
    """Downloads, for all threads of a process. `may_reach`: whether an address may be connected to."""

    def __init__(
        self,
        *,
        may_reach: Callable[[str], bool] = is_public,
        resolve: Resolve | None = None,
        timeout: float = 60,
        total: float = TOTAL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`timeout`: seconds of silence; `total`: of a whole download."""
        self._may_reach = may_reach
        self._resolve = resolve or _resolve
        self._timeout = Timeout(connect=min(10.0, timeout), read=timeout)
        self._total = total
        self._sleep = sleep
        self._pools = urllib3.PoolManager(num_pools=64, maxsize=16, timeout=self._timeout, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        self._away: dict[str, int] = {}  # host -> pictures it did not give, one after the other

    def load(self, item: Item) -> Loaded | Skip:
        """The picture of a URL; a Skip with a `fault` where its server has trouble."""
        try:
            host = parse_url(item.uri).host or ""
            found = self._persistently(item, host)
        except _Private as error:
            return Skip(Code.PRIVATE_ADDRESS, str(error))
        except _Trouble as trouble:
            if len(self._away) < _HOSTS:
                self._away[host] = self._away.get(host, 0) + trouble.passes
            return _failed(f"cannot download it: {trouble}")
        except (HTTPError, ValueError) as error:  # no URL
            return Skip(Code.BAD_URI, f"cannot download it: {_short(error)}")
        self._away.pop(host, None)
        return found

    def _persistently(self, item: Item, host: str) -> Loaded | Skip:
        tries = TRIES if self._away.get(host, 0) < _AWAY else 1
        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, _Trouble) and error.passes),
            stop=stop_after_attempt(tries),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, item)

    def _once(self, item: Item) -> Loaded | Skip:
        try:
            with _deadline(self._total) as late:
                return self._download(item.uri, late, foreseen(item))
        except LocationValueError as error:  # a redirect to what is no URL
            raise _Trouble(_short(error), passes=False) from error
        except (HTTPError, OSError) as error:
            raise _Trouble(_short(error), passes=not isinstance(error, SSLError)) from error

    def _download(self, url: str, late: "_Deadline", most: int) -> Loaded | Skip:
        for _ in range(_HOPS + 1):
            response = self._get(parse_url(url))
            try:
                if response.status not in _REDIRECTS or not response.headers.get("location"):
                    return _answer(response, late, most)
                url = urljoin(url, response.headers["location"])
            finally:
                response.close()  # a connection whose answer was read to its end is in its pool again by now
        raise _Trouble(f"more than {_HOPS} redirects", passes=False)

    def _get(self, url: Url) -> Any:
        scheme, host = url.scheme or "", (url.host or "").strip("[]")
        if scheme not in _PORTS or not host:
            raise _Trouble(f"it leads to {scheme or 'no'}://, not to http", passes=False)
        port = url.port or _PORTS[scheme]
        headers = {"Host": url.netloc or host, "User-Agent": "rekscan", "Accept": "image/*,*/*;q=0.5"}
        error: Exception | None = None
        for address in self._addresses(host, port):
            secure = {"assert_hostname": host, "server_hostname": host} if scheme == "https" else None
            pool = self._pools.connection_from_host(address, port, scheme, secure)
            try:
                return pool.urlopen(
                    "GET", url.request_uri, headers=headers, redirect=False, retries=False,
                    assert_same_host=False, preload_content=False, decode_content=True,
                )  # fmt: skip
            except (NewConnectionError, ConnectTimeoutError) as failure:
                error = failure
        assert error is not None
        raise error

    def _addresses(self, host: str, port: int) -> list[str]:
        """Where `host` is, as far as a list may go there."""
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _Trouble(f"no address of {host}: {_short(error)}") from error
        allowed = [address for address in found if self._may_reach(address)]
        if not allowed:
            raise _Private(f"{host} is {', '.join(found[:3]) or 'nowhere'}: no public address")
        return allowed


def web_of(allow_private: bool) -> Web:
    """Downloads from public addresses, or from any."""
    return Web(may_reach=_anywhere) if allow_private else Web()


def _anywhere(_: str) -> bool:
    return True


class _Deadline:
    """Cuts the connection of this thread's download when its time is up: silence alone bounds no server that drips."""

    def __init__(self) -> None:
        self.socket: Any = None
        self.cut = False

    def end(self) -> None:
        self.cut = True
        if self.socket is not None:
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # closed meanwhile


_mine = threading.local()  # .deadline: of the download of this thread


@contextmanager
def _deadline(seconds: float) -> Iterator[_Deadline]:
    found = _mine.deadline = _Deadline()
    timer = threading.Timer(seconds, found.end)
    timer.daemon = True
    timer.start()
    try:
        yield found
    except (HTTPError, OSError) as error:
        if found.cut:
            raise _Trouble(f"not there after {seconds:g} seconds") from error
        raise
    finally:
        timer.cancel()
        _mine.deadline = None


class _Watched(HTTPConnection):
    def request(self, *args: Any, **more: Any) -> None:
        super().request(*args, **more)
        _watch(self.sock)


class _WatchedTls(HTTPSConnection):
    def request(self, *args: Any, **more: Any) -> None:
        super().request(*args, **more)
        _watch(self.sock)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


def _watch(connected: Any) -> None:
    deadline: _Deadline | None = getattr(_mine, "deadline", None)
    if deadline is not None:
        deadline.socket = connected
        if deadline.cut:
            deadline.end()


def _answer(response: Any, late: _Deadline, most: int) -> Loaded | Skip:
    """`most`: bytes that are kept free for it."""
    status = response.status
    if status in _GONE:
        return Skip(Code.UNREADABLE, f"its server answers HTTP {status}", cause=f"HTTP {status}")
    if status != 200:
        wait = response.headers.get("retry-after", "")
        after = float(wait) if wait.isdecimal() else None
        raise _Trouble(f"its server answers HTTP {status}", passes=status in _PASSES, after=after)
    length = response.headers.get("content-length", "")
    coded = response.headers.get("content-encoding")
    announced = int(length) if length.isdecimal() and not coded else None
    found = read_original(response, announced, None, reserved=most)
    if late.cut:
        raise HTTPError("cut")
    return found


def _failed(message: str) -> Skip:
    fault = Fault(Kind.ITEM, Code.NOT_DOWNLOADED, message, "Resume or retry once its server answers again.")
    return Skip(Code.UNREADABLE, message, fault=fault)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, _Trouble) else None
    return min(_LONGEST_WAIT, asked if asked is not None else 0.5 * 2 ** (state.attempt_number - 1))


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _short(error: Exception) -> str:
    """Its first line, without what the URL was signed with."""
    return redact(str(error).splitlines()[0])[:200] if str(error) else type(error).__name__


__all__ = ["Resolve", "Web", "web_of"]
