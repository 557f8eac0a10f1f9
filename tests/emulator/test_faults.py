"""Quotas, latency and faults: as values first, then on the wire."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import OptionError
from emulator.operations import operation_of
from emulator.server.behaviour import Behaviour, Fault, Latency, Quotas, parse_fault, parse_latency, parse_quotas
from rekscan.testing import Emulator, emulator
from tests.emulator import raw


def image(name: str) -> dict[str, Any]:
    return {"Image": {"S3Object": {"Bucket": "archive", "Name": name}}}


@given(
    st.floats(1, 500),
    st.lists(st.floats(0, 0.5), min_size=1, max_size=300),
)
def test_a_quota_never_lets_in_more_than_its_rate_and_its_burst(rate: float, gaps: list[float]) -> None:
    quotas, now, accepted = Quotas({"DetectLabels": rate}), 100.0, 0
    for gap in gaps:
        now += gap
        accepted += quotas.refusal("DetectLabels", now) is None
    assert accepted <= max(1.0, rate / 10) + rate * (now - 100.0 - gaps[0]) + 1e-6
    assert accepted >= 1


def test_a_quota_fills_up_again() -> None:
    quotas = Quotas({"DetectLabels": 20})
    codes = [refusal.code if (refusal := quotas.refusal("DetectLabels", 0.0)) else None for _ in range(4)]
    assert codes == [None, None, *["ProvisionedThroughputExceededException"] * 2]
    assert quotas.refusal("DetectLabels", 0.05) is None
    assert quotas.refusal("DetectLabels", 0.05) is not None
    assert quotas.refusal("DetectFaces", 0.05) is None


def test_a_steep_ramp_is_throttled_and_a_gentle_one_is_not() -> None:
    steep, gentle = Quotas(ramp=2.0), Quotas(ramp=2.0)
    refused = [steep.refusal("DetectLabels", 0.5) for _ in range(8)]
    assert [refusal.code if refusal else None for refusal in refused] == [None] * 5 + ["ThrottlingException"] * 3
    calls = [second for second, count in enumerate((5, 10, 20, 40)) for _ in range(count)]
    assert not any(gentle.refusal("DetectLabels", float(second)) for second in calls)


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("300ms", Latency(0.3, 0.0)),
        ("0.3s", Latency(0.3, 0.0)),
        ("300ms±100", Latency(0.3, 0.1)),
        ("300ms+-100ms", Latency(0.3, 0.1)),
        ("1s ± 250ms", Latency(1.0, 0.25)),
        (None, Latency()),
    ],
)
def test_latencies_are_read(text: str | None, latency: Latency) -> None:
    assert parse_latency(text) == latency


def test_a_latency_stays_within_its_jitter() -> None:
    behaviour = Behaviour(latency=Latency(0.3, 0.1), seed=1)
    drawn = [behaviour.delay(number) for number in range(1000)]
    assert 0.2 <= min(drawn) < 0.22
    assert 0.38 < max(drawn) <= 0.4


def test_quotas_are_read_by_either_name_and_scaled() -> None:
    assert parse_quotas(["labels=50", "DetectFaces=100"], 0.5, operation_of) == {"DetectLabels": 25, "DetectFaces": 50}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("DetectFaces:500:1%", Fault("DetectFaces", "InternalServerError", 500, share=0.01)),
        ("faces:400:ThrottlingException:0.5", Fault("DetectFaces", "ThrottlingException", 400, share=0.5)),
        ("*:ThrottlingException:3", Fault("*", "ThrottlingException", 400, times=3)),
        ("*:reset:3", Fault("*", "reset", 200, times=3)),
        ("labels:slow=0.2:1", Fault("DetectLabels", "slow", 200, 0.2, times=1)),
        ("labels:html=503:100%", Fault("DetectLabels", "html", 503, share=1.0)),
        ("labels:500:@s3://a/b:c.jpg", Fault("DetectLabels", "InternalServerError", 500, content="s3://a/b:c.jpg")),
    ],
)
def test_faults_are_read(text: str, fault: Fault) -> None:
    read = parse_fault(text, operation_of)
    assert (read.operation, read.what, read.status) == (fault.operation, fault.what, fault.status)
    assert read.what != "slow" or read.seconds == fault.seconds
    assert (read.share, read.times, read.content) == (fault.share, fault.times, fault.content)


@pytest.mark.parametrize(
    "text",
    ["", "faces", "faces:500", "faces:500:often", "faces:999:1", "faces:explode:1", "nothing:500:1", "a:b:c:d:e"],
)
def test_a_fault_that_means_nothing_says_what_to_write(text: str) -> None:
    with pytest.raises(OptionError, match="write"):
        parse_fault(text, operation_of)


@given(st.permutations(range(200)))
def test_a_call_meets_the_same_fate_in_any_order(order: list[int]) -> None:
    def fates(numbers: Any) -> dict[int, bool]:
        behaviour = Behaviour(faults=[parse_fault("labels:500:10%", operation_of)], seed=7)
        return {number: behaviour.fault("DetectLabels", f"photo {number}") is not None for number in numbers}

    assert fates(order) == fates(range(200))
    assert 5 < sum(fates(range(200)).values()) < 40


def ask(url: str, name: str = "a.jpg") -> raw.Answer:
    return raw.post(url, "DetectLabels", image(name))


@pytest.fixture
def faulty(fixed: Emulator) -> Any:
    fixed.reset()
    yield fixed
    fixed.set_faults()


def test_errors_are_injected_by_count(faulty: Emulator) -> None:
    faulty.set_faults("labels:500:2", "labels:400:InvalidImageFormatException:@b.jpg")
    assert [ask(faulty.url).status for _ in range(3)] == [500, 500, 200]
    assert [ask(faulty.url, "b.jpg").code for _ in range(3)] == ["InvalidImageFormatException"] * 3
    assert raw.post(faulty.url, "DetectFaces", image("b.jpg")).status == 200
    counts = faulty.counts()
    assert counts["calls"]["DetectLabels"] == {"s3://archive/a.jpg": 3, "s3://archive/b.jpg": 3}
    assert counts["billed"]["DetectLabels"] == {"s3://archive/a.jpg": 1}
    assert counts["errors"]["DetectLabels"] == {"InternalServerError": 2, "InvalidImageFormatException": 3}


def test_a_reset_gives_the_faults_back_what_they_used_up(faulty: Emulator) -> None:
    faulty.set_faults("labels:500:1")
    assert [ask(faulty.url).status for _ in range(2)] == [500, 200]
    faulty.reset()
    assert [ask(faulty.url).status for _ in range(2)] == [500, 200]


def test_what_is_lost_on_the_wire_was_answered_and_so_billed(faulty: Emulator) -> None:
    faulty.set_faults("labels:reset:1", "labels:truncate:1", "labels:html:1", "labels:html=503:1")
    with pytest.raises(urllib3.exceptions.ProtocolError, match=r"reset by peer|Connection aborted"):
        ask(faulty.url)
    with pytest.raises((urllib3.exceptions.ProtocolError, http.client.IncompleteRead)):
        ask(faulty.url)
    page = ask(faulty.url)
    assert (page.status, page.headers["content-type"]) == (200, "text/html")
    with pytest.raises(json.JSONDecodeError):
        _ = page.document
    assert ask(faulty.url).status == 503
    assert ask(faulty.url).status == 200
    assert faulty.counts()["billed"]["DetectLabels"] == {"s3://archive/a.jpg": 5}
    assert faulty.counts()["meters"] == {"image-group-2": 5}


def test_a_hung_call_says_nothing_while_others_go_on(faulty: Emulator) -> None:
    faulty.set_faults("labels:hang:@hung.jpg")
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        raw.POOL.request(
            "POST",
            faulty.url,
            body=json.dumps(image("hung.jpg")),
            headers={"Content-Type": raw.CONTENT_TYPE, "X-Amz-Target": "RekognitionService.DetectLabels"},
            timeout=1.0,
        )
    assert ask(faulty.url).status == 200


def test_slow_and_latency_keep_an_answer_back(faulty: Emulator) -> None:
    faulty.set_faults("labels:slow=0.5:1")
    began = time.monotonic()
    assert ask(faulty.url).status == 200
    assert time.monotonic() - began >= 0.5
    with emulator("--engine", "fixed", "--latency", "400ms±100") as slow:
        began = time.monotonic()
        assert ask(slow.url).status == 200
        assert time.monotonic() - began >= 0.3


def test_calls_over_the_quota_are_throttled_and_counted() -> None:
    options = ("--quota", "labels=40", "--quota-scale", "0.5", "--quota-burst", "5")
    with emulator("--engine", "fixed", *options) as running, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(running.url), range(100)))
        codes = {answer.code for answer in answers if answer.status == 400}
        assert codes == {"ProvisionedThroughputExceededException"}
        accepted = sum(answer.status == 200 for answer in answers)
        arrivals = raw.get(f"{running.url}/admin/arrivals?operation=DetectLabels").document["arrivals"]
        assert len(arrivals) == 100
        assert sum(let_in for _, let_in in arrivals) == accepted
        took = arrivals[-1][0] - arrivals[0][0]
        assert 5 <= accepted <= 5 + 20 * took + 1
        counts = running.counts()
        assert counts["throttled"] == {"DetectLabels": 100 - accepted}
        assert sum(counts["calls"]["DetectLabels"].values()) == accepted
        assert raw.post(running.url, "DetectFaces", image("a.jpg")).status == 200


def test_a_steep_ramp_is_refused_on_the_wire() -> None:
    with emulator("--engine", "fixed", "--ramp", "2") as running:
        codes = {answer.code for answer in (ask(running.url) for _ in range(50)) if answer.status == 400}
    assert codes == {"ThrottlingException"}


def test_counts_name_content_by_its_bytes_and_by_what_aws_bills(faulty: Emulator) -> None:
    body = {"Image": {"Bytes": "YWJj"}, "Features": ["GENERAL_LABELS", "IMAGE_PROPERTIES"]}
    assert raw.post(faulty.url, "DetectLabels", body).status == 200
    pair = {"SourceImage": {"Bytes": "YWJj"}, "TargetImage": image("b.jpg")["Image"]}
    assert raw.post(faulty.url, "CompareFaces", pair).status == 200
    assert raw.post(faulty.url, "ListCollections", {}).status == 200
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    counts = faulty.counts()
    assert counts["calls"]["DetectLabels"] == {digest: 1}
    assert counts["billed"]["CompareFaces"] == {f"{digest}|s3://archive/b.jpg": 1}
    assert counts["meters"] == {"image-group-1": 1, "image-group-2": 1, "image-properties": 1}
    faulty.reset()
    assert faulty.counts() == {
        "calls": {},
        "billed": {},
        "meters": {},
        "inference_hours": {},
        "regions": {},
        "keys": {},
        "throttled": {},
        "errors": {},
    }


def in_region(url: str, region: str) -> int:
    signed = f"AWS4-HMAC-SHA256 Credential=anybody/20261128/{region}/rekognition/aws4_request"
    return raw.post(url, "DetectLabels", image("a.jpg"), Authorization=signed).status


def test_each_region_that_requests_are_signed_for_has_its_own_quota_faults_and_counts(faulty: Emulator) -> None:
    faulty.set_quotas("labels@eu-west-1=0.001")
    faulty.set_faults("*@us-west-2:503:100%")
    statuses = {
        region: [in_region(faulty.url, region) for _ in range(3)] for region in ("eu-west-1", "us-west-2", "us-east-1")
    }
    assert statuses == {"eu-west-1": [200, 400, 400], "us-west-2": [503] * 3, "us-east-1": [200] * 3}
    found = faulty.counts()["regions"]
    assert {region: of["calls"] for region, of in found.items()} == {
        "eu-west-1": {"DetectLabels": 1}, "us-west-2": {"DetectLabels": 3}, "us-east-1": {"DetectLabels": 3},
    }  # fmt: skip
    assert found["us-west-2"]["billed"] == {}
    assert found["us-east-1"]["objects"] == {"DetectLabels": 3}


def test_quotas_can_be_changed_while_it_runs(faulty: Emulator) -> None:
    faulty.set_quotas("labels=0.001")
    assert [ask(faulty.url).status for _ in range(3)] == [200, 400, 400]
    faulty.set_quotas()
    assert [ask(faulty.url).status for _ in range(3)] == [200] * 3


def test_faults_that_mean_nothing_are_refused_at_the_admin_door(faulty: Emulator) -> None:
    kind = {"Content-Type": "application/json"}
    for body in (b"not json", b"{}", b'["faces"]'):
        assert raw.POOL.request("POST", f"{faulty.url}/admin/faults", body=body, headers=kind).status == 400
        assert raw.POOL.request("POST", f"{faulty.url}/admin/quotas", body=body, headers=kind).status == 400
