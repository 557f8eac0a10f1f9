"""A list of URLs whose web server is in trouble: its pictures fail, and a retry asks for them once it is well."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.pictures import encoded, noise
from tests.support.scans import Scan, emulator, tables


class Photos(BaseHTTPRequestHandler):
    ill: bool

    def do_GET(self) -> None:
        number = int(self.path.strip("/.jpg"))
        body = b"" if self.ill or number == 3 else encoded(noise((90, 90), seed=number), "JPEG")
        self.send_response(404 if number == 3 else 503 if self.ill else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    found = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Photos,), {"ill": True}))
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()
    thread.join()


def run(tmp_path: Path, *words: str) -> tuple[int, dict[str, Any]]:
    command = Scan(*words, "--json", home=tmp_path / "home")
    code, out = command.wait()
    assert out, command.log.read_text()[-3000:]
    return code, json.loads(out)


def test_pictures_of_a_server_in_trouble_fail_and_are_asked_for_again(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    (tmp_path / "l.txt").write_text("".join(f"http://127.0.0.1:{server.server_port}/{n}.jpg\n" for n in range(4)))
    with emulator(tmp_path) as rekognition:
        words = ["scan", str(tmp_path / "l.txt"), "--api", "labels,faces", "--yes", "--tps", "labels=100"]
        words += ["--rekognition-endpoint-url", rekognition.url, "--allow-private-urls"]
        code, status = run(tmp_path, *words)
        calls = status["calls"]
        assert (code, calls["failed"], calls["skipped"], calls["ok"]) == (3, 6, 2, 0), status
        assert {row["code"] for row in tables(tmp_path / "home").outcomes()} == {"not-downloaded", "unreadable"}
        server.RequestHandlerClass.ill = False  # type: ignore[attr-defined]
        code, status = run(tmp_path, "retry", "last", "--code", "not-downloaded")
        calls = status["calls"]
        assert (code, calls["failed"], calls["skipped"], calls["ok"]) == (0, 0, 2, 6), status


def test_a_list_leads_to_this_machine_only_when_that_is_allowed(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    server.RequestHandlerClass.ill = False  # type: ignore[attr-defined]
    (tmp_path / "l.txt").write_text(f"http://localhost:{server.server_port}/1.jpg\n")
    with emulator(tmp_path) as rekognition:
        words = ["scan", str(tmp_path / "l.txt"), "--api", "labels", "--yes", "--rekognition-endpoint-url"]
        code, status = run(tmp_path, *words, rekognition.url)
        assert (code, status["calls"]["skipped"], rekognition.total()) == (0, 1, 0)
        assert [row["code"] for row in tables(tmp_path / "home").outcomes()] == ["private-address"]
