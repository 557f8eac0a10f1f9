"""Answers that no table can hold: each is billed, so each is a row that keeps it, and the job ends."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.support.scans import Scan, make_photos, tables

HALF = rb'{"Labels":[{"Name":"half \ud83d of a character","Confidence":99.0}],"LabelModelVersion":"3.0"}'
HUGE = b'{"FaceDetails":[{"AgeRange":{"Low":1180591620717411303424,"High":5},"Confidence":99.0}]}'
FINE = {
    "DetectLabels": b'{"Labels":[{"Name":"Dog","Confidence":99.0}],"LabelModelVersion":"3.0"}',
    "DetectFaces": b'{"FaceDetails":[]}',
}


class Endpoint(BaseHTTPRequestHandler):
    """Every third answer of an operation is one that cannot be stored."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.asked[operation] += 1
        odd = self.asked[operation] % 3 == 0
        body = ({"DetectLabels": HALF, "DetectFaces": HUGE} if odd else FINE)[operation]
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.asked = Counter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_answer_that_no_table_can_hold_is_a_billed_row_that_keeps_it_and_the_cap_holds(
    endpoint: str, tmp_path: Path
) -> None:
    photos = make_photos(tmp_path / "photos", 30)
    scan = Scan(
        "scan", str(photos), "--api", "labels,faces", "--yes", "--json", "--rekognition-endpoint-url", endpoint,
        "--max-cost", "0.05", home=tmp_path / "home",
    )  # fmt: skip
    status = scan.status()
    assert (status["state"], status["reason"]) == ("incomplete", "budget")
    assert sum(Endpoint.asked.values()) == 50
    found = tables(tmp_path / "home")
    rows = found.outcomes()
    odd = [row for row in rows if row["code"] == "unstorable-answer"]
    assert {(row["api"], row["outcome"], row["units"], row["maybe_billed"], row["attempts"]) for row in odd} == {
        ("labels", "failed", 1, 0, 1)
    }
    assert all("\\ud83d" in row["response"] for row in odd)
    huge = [row for row in rows if "1.1805916207174113e" in (row["response"] or "")]
    assert {row["outcome"] for row in huge} == {"ok"}
    assert sum(row["units"] for row in rows) == 50
    assert status["usd"]["actual"] == "0.05"
    status = Scan("resume", "last", "--max-cost", "1", "--json", home=tmp_path / "home").status()
    assert (status["state"], status["calls"]["maybe_billed"]) == ("finished", 0)
    assert sum(Endpoint.asked.values()) == 60
    assert {row["code"] for row in found.rows("failures")} == {"unstorable-answer", "odd-answer"}
