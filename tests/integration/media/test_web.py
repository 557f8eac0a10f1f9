"""Pictures by URL, from a server that misbehaves: what is waited for, what is final, what is out of reach."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat

import pytest

from jobs.aws.faults import Kind
from jobs.items import Item
from jobs.media.addresses import is_public
from jobs.media.check import Skip
from jobs.media.origins import Loaded
from jobs.media.web import TRIES, Web
from tests.support.pictures import encoded, picture
from tests.support.raw_server import Serving

JPEG = encoded(picture(), "JPEG")


class Served(BaseHTTPRequestHandler):
    """Answers `/<what>`; `asked` counts the requests by path."""

    protocol_version = "HTTP/1.1"
    asked: dict[str, int]
    connections: int
    ended: threading.Event

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        self.asked[self.path] = count = self.asked.get(self.path, 0) + 1
        what, _, argument = self.path[1:].partition("/")
        if what == "twice":
            self._answer(int(argument) if count <= 2 else 200, JPEG, {"Retry-After": "7"} if argument == "429" else {})
        elif what == "status":
            self._answer(int(argument), b"")
        elif what == "to":
            self._answer(302, b"", {"Location": f"http://{argument}"})
        elif what == "short":
            self._answer(200, JPEG, {"Content-Length": str(len(JPEG) + 9)})
            self.close_connection = True
        elif what == "drip":
            self._drip(b"HTTP/1.1 200 OK\r\n\r\n" if argument == "body" else b"HTTP/1.1 200 OK\r\nX: ")
        else:
            self._answer(200, JPEG)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, start: bytes) -> None:
        self.wfile.write(start)
        try:
            while not self.ended.wait(0.02):
                self.wfile.write(b"x")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (Served,), {"asked": {}, "connections": 0, "ended": threading.Event()})
    found = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    handler.ended.set()
    found.shutdown()
    found.server_close()
    thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def load(server: ThreadingHTTPServer, waits: list[float]) -> Callable[..., Loaded | Skip]:
    """Loads a path of the server. It may reach 127.0.0.1 alone; every other address stands for a private one."""

    def get(path: str, host: str = "127.0.0.1", **options: object) -> Loaded | Skip:
        chosen = {"may_reach": lambda address: address == "127.0.0.1", "sleep": waits.append, **options}
        web = Web(**chosen)
        return web.load(Item(0, f"http://{host}:{server.server_port}{path}", "image"))

    return get


def asked(server: ThreadingHTTPServer) -> dict[str, int]:
    found: dict[str, int] = server.RequestHandlerClass.asked  # type: ignore[attr-defined]
    return found


Load = Callable[..., Loaded | Skip]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_of_a_server_that_passes_is_waited_for(load: Load, waits: list[float], status: int) -> None:
    found = load(f"/twice/{status}")
    assert isinstance(found, Loaded)
    assert found.data == JPEG
    assert waits == ([7.0, 7.0] if status == 429 else [0.5, 1.0])


@pytest.mark.parametrize("path", ["/status/503", "/short"])
def test_trouble_that_stays_is_a_failure_and_no_verdict(load: Load, server: ThreadingHTTPServer, path: str) -> None:
    found = load(path)
    assert isinstance(found, Skip)
    assert found.fault is not None
    assert (found.fault.kind, found.fault.code) == (Kind.ITEM, "not-downloaded")
    assert asked(server)[path] == TRIES


@pytest.mark.parametrize("status", [401, 403, 400, 451])
def test_a_refusal_is_a_failure_at_once(load: Load, server: ThreadingHTTPServer, status: int) -> None:
    found = load(f"/status/{status}")
    assert isinstance(found, Skip)
    assert found.fault is not None
    assert f"HTTP {status}" in found.message
    assert asked(server) == {f"/status/{status}": 1}


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_skipped_at_once(load: Load, server: ThreadingHTTPServer, status: int) -> None:
    found = load(f"/status/{status}")
    assert isinstance(found, Skip)
    assert (found.reason, found.fault) == ("unreadable", None)
    assert asked(server) == {f"/status/{status}": 1}


def test_a_server_that_is_away_fails_its_pictures_and_soon_without_waiting(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    web = Web(may_reach=lambda _: True, sleep=waits.append)
    for number in range(5):
        found = web.load(Item(0, f"http://127.0.0.1:{port}/{number}.jpg", "image"))
        assert isinstance(found, Skip)
        assert found.fault is not None
    assert len(waits) == 3 * (TRIES - 1)


def test_a_silent_server_is_given_up(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        web = Web(may_reach=lambda _: True, sleep=waits.append, timeout=0.1)
        found = web.load(Item(0, f"http://127.0.0.1:{silent.getsockname()[1]}/a.jpg", "image"))
    assert isinstance(found, Skip)
    assert found.fault is not None


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_drips_is_cut_off_when_the_whole_time_is_up(load: Load, where: str) -> None:
    found = load(f"/drip/{where}", total=0.2, timeout=60)
    assert isinstance(found, Skip)
    assert found.fault is not None
    assert "not there after 0.2 seconds" in found.message


@pytest.mark.parametrize("line", [b"X: " + bytes(1000).replace(b"\0", b"y") + b"\r\n", b"y" * 1000])
def test_headers_without_end_are_a_failure_and_no_memory(waits: list[float], line: bytes) -> None:
    with Serving(lambda: chain([b"HTTP/1.1 200 OK\r\n"], repeat(line)), reads=b"") as server:
        web = Web(may_reach=lambda address: True, sleep=waits.append)
        found = web.load(Item(0, f"{server.url}/a.jpg", "image"))
        assert isinstance(found, Skip)
        assert found.fault and found.fault.code == "not-downloaded"
        assert server.sent < TRIES * (8 << 20)


def test_connections_are_used_again(server: ThreadingHTTPServer) -> None:
    web = Web(may_reach=lambda _: True)
    for _ in range(3):
        assert isinstance(web.load(Item(0, f"http://127.0.0.1:{server.server_port}/a.jpg", "image")), Loaded)
    assert server.RequestHandlerClass.connections == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "0"]
)
def test_no_way_of_writing_this_machine_is_reached(load: Load, server: ThreadingHTTPServer, host: str) -> None:
    found = load("/a.jpg", host, may_reach=is_public)
    assert isinstance(found, Skip)
    assert found.reason == "private-address"
    assert asked(server) == {}


def test_a_redirect_leads_nowhere_a_url_may_not(load: Load, server: ThreadingHTTPServer) -> None:
    port = server.server_port
    away = load(f"/to/127.0.0.2:{port}/a.jpg")
    assert isinstance(away, Skip)
    assert away.reason == "private-address"
    assert isinstance(load(f"/to/127.0.0.1:{port}/a.jpg"), Loaded)
    assert asked(server) == {f"/to/127.0.0.2:{port}/a.jpg": 1, f"/to/127.0.0.1:{port}/a.jpg": 1, "/a.jpg": 1}
    endless = load(f"/to/127.0.0.1:{port}/to/127.0.0.1:{port}/to/127.0.0.1:{port}" * 3)
    assert isinstance(endless, Skip)


def test_a_name_is_resolved_once_and_the_address_that_was_judged_is_the_one_asked(
    load: Load, server: ThreadingHTTPServer
) -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"]]  # a name that leads elsewhere the second time
    found = load("/a.jpg", "pictures.example", resolve=lambda host, port: answers.pop(0))
    assert isinstance(found, Loaded)
    assert answers == [["127.0.0.2"]]


def test_of_several_addresses_only_public_ones_are_tried(load: Load) -> None:
    assert isinstance(load("/a.jpg", "x.example", resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"]), Loaded)


def test_a_redirect_to_another_scheme_is_no_picture(load: Load) -> None:
    found = load("/to/[bad")
    assert isinstance(found, Skip)
