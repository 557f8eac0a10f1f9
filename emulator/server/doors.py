"""Who may knock: a page in a browser of this machine must neither read the emulator nor steer it.

Rule: a name of some page's own that leads here (DNS rebinding) shows in Host, a request from another site in Origin and
Sec-Fetch-Site, and what a form can send in its content type. Programs that call the server by its name see nothing of
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from emulator.server.connections import Request

_HERE = frozenset(("none", "same-origin"))  # of Sec-Fetch-Site: typed by the user, or our own page


@dataclass(frozen=True, slots=True)
class Doors:
    """`names`: what the server is called besides localhost and plain addresses (no name of a page leads to those)."""

    names: frozenset[str] = frozenset()

    def knows(self, request: Request) -> bool:
        """Whether Host is a name of this server. No browser leaves it out."""
        given = request.headers.get("host")
        if given is None:
            return True
        host = _host(given)
        return host == "localhost" or host.endswith(".localhost") or host in self.names or _is_address(host)


def from_elsewhere(request: Request) -> bool:
    """Whether another site's page sent this."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site.lower() not in _HERE:
        return True
    return origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def is_json(request: Request) -> bool:
    """Whether the body is announced as JSON, which no form of another site can do; nothing at all is fine too."""
    kind = request.headers.get("content-type")
    if kind is None:
        return not request.body
    return kind.partition(";")[0].strip().lower() == "application/json"


@lru_cache(maxsize=64)
def _host(given: str) -> str:
    """The host of `host:port`, lower-case, without brackets; "" for what is none."""
    try:
        return (urlsplit(f"//{given}").hostname or "").rstrip(".")
    except ValueError:
        return ""


@lru_cache(maxsize=64)
def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
