"""Pages in a browser on the emulator's machine: whatever name they come by, they neither read nor steer it."""

from __future__ import annotations

import pytest

from rekscan.testing import Emulator, emulator
from tests.emulator import raw


def status(running: Emulator, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw.POOL.request(method, running.url + path, body=body, headers=sent).status


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9324", "127.0.0.1.evil.example", "", "[", "a@b"])
def test_a_name_that_is_not_the_servers_is_refused(fixed: Emulator, host: str) -> None:
    for path in ("/", "/admin/counts"):
        assert status(fixed, "GET", path, Host=host) == 403
    assert raw.post(fixed.url, "DetectLabels", {}, Host=host or "_").status == 403


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1:9324", "[::1]:9324", "rekognition.localhost", "10.1.2.3"],
)
def test_this_machine_and_plain_addresses_are_names_of_the_server(fixed: Emulator, host: str) -> None:
    assert status(fixed, "GET", "/", Host=host) == 200


def test_a_request_without_host_is_of_no_browser(fixed: Emulator) -> None:
    assert raw.conversation(fixed.url, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_further_names_are_allowed_by_option() -> None:
    with emulator("--engine", "fixed", "--allow-host", "rekognition", "--allow-host", "Docker.Internal") as running:
        assert status(running, "GET", "/", Host="rekognition:9324") == 200
        assert status(running, "GET", "/", Host="docker.internal") == 200
        assert status(running, "GET", "/", Host="other") == 403


@pytest.mark.parametrize("path", ["/admin/reset", "/admin/faults", "/admin/quotas"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another server on this machine
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_post_from_another_site_does_not_steer_it(fixed: Emulator, path: str, headers: dict[str, str]) -> None:
    fixed.set_faults("*:500:100%")
    try:
        assert status(fixed, "POST", path, b"[]", Content_Type="application/json", **headers) == 403
        assert raw.post(fixed.url, "ListCollections", {}).status == 500
    finally:
        fixed.set_faults()


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]
)
def test_what_a_form_can_send_is_refused(fixed: Emulator, kind: str | None) -> None:
    headers = {} if kind is None else {"Content_Type": kind}
    assert status(fixed, "POST", "/admin/faults", b'["*:500:100%"]', **headers) == 415
    assert raw.post(fixed.url, "ListCollections", {}).status == 200


def test_a_page_of_the_servers_own_and_programs_may_steer_it(fixed: Emulator) -> None:
    kind = {"Content_Type": "application/json; charset=utf-8"}
    assert status(fixed, "POST", "/admin/faults", b"[]", Origin=fixed.url, Sec_Fetch_Site="same-origin", **kind) == 200
    assert status(fixed, "POST", "/admin/reset") == 200
