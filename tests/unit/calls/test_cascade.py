"""A call under a condition waits for the calls it reads, and goes by what came of them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from jobs.apis import ask, parse, requests
from jobs.aws.faults import Fault, Kind
from jobs.codes import Code
from jobs.conditions import conditioned, under_conditions
from jobs.items import Item
from jobs.outcomes import NOT_ASKED, Outcome
from workers.calls.attempts import JobFault
from workers.calls.cascade import Sources, Waiting
from workers.calls.copies import Later
from workers.calls.streak import Undecided
from workers.gate.gate import Stopped

ITEM = Item(7, "/photos/7.jpg", "image")
FAULT = Fault(Kind.DENIED, "AccessDenied", "no")
WHEN = ("faces: labels has Person >= 60", "text: labels has Dog or faces has any")
ASKED = requests(under_conditions(parse(["labels,properties,faces,text"]), WHEN))


def sources(name: str) -> Sources:
    found = Sources.of(next(request for request in ASKED if request.name == name), ASKED)
    assert found is not None
    return found


def answered(api: str, answer: Any) -> Outcome:
    return Outcome(7, api, "ok", response=orjson.dumps(answer).decode())


def label(name: str, confidence: float = 90.0) -> Outcome:
    return answered("labels", {"Labels": [{"Name": name, "Confidence": confidence}]})


FAILED = Outcome(7, "labels", "failed", "InternalServerError")
FACES = {"FaceDetails": [{"Confidence": 99.0}]}
FACE = answered("faces", FACES)


def left_out(code: Code) -> Outcome:
    return Outcome(7, "faces", NOT_ASKED, code)


@pytest.mark.parametrize(
    ("name", "outcomes", "code"),
    [
        ("faces", [label("Person")], None),
        ("faces", [label("Person", 59.9)], Code.CONDITION_FALSE),
        ("faces", [label("Person", 59.9), Outcome(7, "properties", "failed")], Code.CONDITION_FALSE),  # not read
        ("faces", [FAILED], Code.CONDITION_UNKNOWN),
        ("faces", [Outcome(7, "labels", "skipped", "too-small")], Code.CONDITION_UNKNOWN),
        ("faces", [], Code.CONDITION_UNKNOWN),
        ("faces", [answered("labels", {"Labels": [7]})], Code.CONDITION_UNKNOWN),  # no table takes it
        ("text", [label("Dog"), left_out(Code.CONDITION_FALSE)], None),
        ("text", [label("Cat"), left_out(Code.CONDITION_FALSE)], Code.CONDITION_FALSE),  # it has found nothing
        ("text", [FAILED, left_out(Code.CONDITION_UNKNOWN)], Code.CONDITION_UNKNOWN),
        ("text", [FAILED, FACE], None),  # decided all the same
    ],
)
def test_outcomes_decide_whether_a_call_is_made(name: str, outcomes: list[Outcome], code: Code | None) -> None:
    why_not = sources(name).why_not(outcomes)
    assert (why_not and why_not[0]) == code
    if why_not is not None:
        assert why_not[1].endswith(sources(name).text)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([answered("local.faces", FACES)], None),
        ([answered("local.faces", {"FaceDetails": []})], Code.CONDITION_FALSE),
        ([Outcome(7, "local.faces", "skipped", "truncated")], None),  # the call says so itself
        ([Outcome(7, "local.faces", "failed", "InvalidImageFormatException")], None),
        ([Outcome(7, "local.faces", "failed"), FAILED], Code.CONDITION_UNKNOWN),  # a retry of labels decides
    ],
)
def test_what_only_the_bundled_models_leave_open_is_asked(outcomes: list[Outcome], code: Code | None) -> None:
    when = "faces: local.faces has any or labels has Person"
    first = conditioned(ask(["labels,faces"]), [when], "local")
    among = requests((*first.first, *first.images))
    found = Sources.of(next(one for one in among if one.name == "faces"), among)
    assert found is not None
    assert found.requests == ("local.faces", "labels")
    why_not = found.why_not([label("Cat"), *outcomes] if FAILED not in outcomes else outcomes)
    assert (why_not and why_not[0]) == code


def test_a_call_that_is_always_made_waits_for_none_and_one_that_shares_its_source_names_it() -> None:
    assert Sources.of(ASKED[0], ASKED) is None
    assert sources("faces").requests == ("labels+properties",)
    assert sources("text").requests == ("labels+properties", "faces")


def came(result: Callable[[], Awaitable[list[Outcome]]]) -> list[Outcome]:
    """What `faces` gets where the call it reads ends like this."""

    async def wait() -> list[Outcome]:
        task = asyncio.ensure_future(result())
        try:
            return await sources("faces").outcomes(ITEM, {}, {"7:labels+properties": task})
        finally:
            await asyncio.gather(task, return_exceptions=True)

    return asyncio.run(wait())


def test_it_waits_for_a_call_under_way() -> None:
    async def later() -> list[Outcome]:
        await asyncio.sleep(0)
        return [label("Person")]

    assert came(later) == [label("Person")]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (Later("sha256:0"), Waiting),
        (Undecided(FAULT, list), Waiting),
        (Waiting(), Waiting),
        (Stopped(), Stopped),
        (JobFault(FAULT), Stopped),
        (MemoryError(), Stopped),
        (asyncio.CancelledError(), Stopped),
    ],
)
def test_it_is_asked_again_after_what_is_asked_again_and_stops_with_what_stops(
    error: BaseException, raised: type[Exception]
) -> None:
    async def fails() -> list[Outcome]:
        raise error

    with pytest.raises(raised):
        came(fails)


def test_it_goes_by_what_is_known_and_waits_for_nobody_else() -> None:
    of = sources("faces")
    assert asyncio.run(of.outcomes(ITEM, {"7:labels+properties": [FAILED]}, {})) == [FAILED]
    with pytest.raises(Stopped):
        asyncio.run(of.outcomes(ITEM, {"8:labels+properties": [FAILED]}, {}))
