"""Which place a call goes to: where it would have a permit first, unless the door there is shut."""

import asyncio
import threading
from typing import Any

import pytest

from jobs.aws.faults import Fault, Kind
from workers.calls.roads import Elsewhere, Road, Roads
from workers.calls.waiting import Seat
from workers.gate.gate import Quota, Stopped, Turnstile

NEVER = threading.Event()
NO = Fault(Kind.JOB, "AccessDeniedException", "no")


class Slow(Turnstile):
    """Nobody gets through before `opened`."""

    def __init__(self, tps: float) -> None:
        super().__init__(None, Quota("1", "r", "DetectLabels", tps))  # type: ignore[arg-type]
        self.opened = asyncio.Event()

    async def pass_through(self, stop: threading.Event) -> int:
        await self.opened.wait()
        return 7


async def nothing(**_: Any) -> dict[str, Any]:
    return {}


def roads(*rates: float, at_once: int = 512, patience: float = 60) -> Roads:
    names = (None, "us-west-2", "eu-west-1")
    made = zip(names, rates, strict=False)
    return Roads([Road(name, name or "us-east-1", nothing, Slow(tps)) for name, tps in made], at_once, patience)


def test_calls_go_to_each_place_by_its_rate_and_to_none_with_a_queue_while_another_has_none() -> None:
    async def story() -> None:
        three = roads(50, 50, 5)
        tasks = [asyncio.ensure_future(three.pass_through(NEVER)) for _ in range(42)]
        await asyncio.sleep(0)
        assert [road.waiting for road in three.all] == [20, 20, 2]
        three.all[0].turnstile.opened.set()  # type: ignore[attr-defined]
        done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        assert {task.result() for task in done} == {(three.all[0], 7)}
        assert await three.pass_through(NEVER) == (three.all[0], 7)
        for task in left:
            task.cancel()

    asyncio.run(story())


def test_a_place_that_is_held_up_is_passed_by_and_with_all_held_up_calls_wait() -> None:
    async def story() -> None:
        two = roads(50, 50)
        for road in two.all:
            road.turnstile.opened.set()  # type: ignore[attr-defined]
        two.all[0].hold.back_off(60, shut=True)
        assert [(await two.pass_through(NEVER))[0].suffix for _ in range(3)] == ["@us-west-2"] * 3
        with pytest.raises(Elsewhere):
            await two.pass_through(NEVER, two.all[0])
        two.all[0].hold.back_off(0.01, shut=False)  # no room for a moment
        assert (await two.pass_through(NEVER, two.all[0]))[0] is two.all[0]
        for road in two.all:
            road.hold.back_off(60, shut=True)
        stop = threading.Event()
        stop.set()
        with pytest.raises(Stopped):
            await two.pass_through(stop)

    asyncio.run(story())


def test_an_object_goes_as_it_is_until_enough_wait_for_its_bucket_alone() -> None:
    three = roads(50, 50, 50)
    west = three.all[1]
    assert three.for_object("us-west-2", stays=False) is west
    assert three.for_object("ap-south-1", stays=True) is three.for_object(None, stays=True) is None
    west.heading = 24  # half a second of its calls is 25
    assert three.for_object("us-west-2", stays=False) is west
    west.heading = 25
    assert three.for_object("us-west-2", stays=False) is None
    assert three.for_object("us-west-2", stays=True) is west
    few = roads(50, 50, at_once=8)
    few.all[0].heading = 4  # half of the seats
    assert few.for_object("us-east-1", stays=False) is None
    few.all[0].heading = 0
    few.all[0].hold.back_off(60, shut=True)
    assert few.for_object("us-east-1", stays=False) is None


def test_an_object_that_is_not_sent_as_bytes_waits_for_its_place_until_patience_is_at_an_end() -> None:
    async def story() -> None:
        two = roads(50, 50)
        own = two.all[0]
        own.turnstile.opened.set()  # type: ignore[attr-defined]
        own.hold.back_off(0.01, shut=True)
        assert two.for_object("us-east-1", stays=True) is own
        assert await two.pass_through(NEVER, own, stays=True) == (own, 7)
        for patience, there in ((60.0, True), (0.0, False)):
            two = roads(50, 50, patience=patience)
            two.all[0].hold.back_off(60, shut=True)
            assert (two.for_object("us-east-1", stays=True) is two.all[0]) is there
        with pytest.raises(Elsewhere):
            await two.pass_through(NEVER, two.all[0], stays=True)
        two.all[0].hold.answered()  # patience begins anew
        assert not two.all[0].hold.shut_for(0)

    asyncio.run(story())


def test_a_place_that_refuses_all_is_the_jobs_trouble_only_where_every_other_does_too() -> None:
    two = roads(50, 50)
    assert not two.all_refuse(two.all[0], NO)
    assert two.all_refuse(two.all[1], NO)
    two.all[0].refusal = None  # it has answered since
    assert not two.all_refuse(two.all[1], NO)


def test_a_call_heads_for_a_place_until_it_is_begun_and_not_again_when_it_is_tried_again() -> None:
    async def story() -> None:
        west = roads(50, 50).all[1]
        async with Seat(asyncio.Semaphore(1)) as seat:
            seat.heads_for(west)
            assert west.heading == 1
            seat.release()
            assert west.heading == 0
            seat.heads_for(west)  # its door was shut for a moment, and is open again
            assert west.heading == 0
        assert west.heading == 0

    asyncio.run(story())
