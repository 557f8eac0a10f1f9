"""What may befall a run. Each run draws which of these it knows at all: some see much of one and none of others.

Rule: a fault mends itself after a while; what it does is told in the story.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rekscan.commands import steer as commands
from tests.machine import endpoint
from tests.machine import job as jobs_of
from tests.machine.tape import Tape

if TYPE_CHECKING:
    from tests.machine.world import Worker, World

_FREEZES = (4.0, 13.0, 25.0)  # seconds; a lease lasts 10
_LAGS = (0.3, 3.0, 12.0)
_AWAYS = (0.5, 6.0, 20.0)
_SECONDS = (0.05, 0.25, 1.0)  # that Redis may forget


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    work: Callable[["World", int], None]
    weight: int = 1


def drawn(tape: Tape) -> list[Fault]:
    """Those this run knows, each as often as it weighs."""
    return [fault for fault in ALL if tape.draw(("fault of", fault.name), 0.4) for _ in range(fault.weight)]


def maybe(world: "World", known: list[Fault], chance: float) -> None:
    if known and (drawn := world.tape.draw_nth("fault", world.steps, chance, 10**9)):
        known[drawn % len(known)].work(world, drawn // len(known))


def answer_name(kind: int) -> str:
    return endpoint.NAMES[kind]


def _one(world: "World", argument: int) -> "Worker | None":
    """A worker that lives, one with work to do if there is."""
    living = [worker for worker in world.living() if not worker.process.frozen]
    busy = [worker for worker in living if worker.busy]
    among = busy or living
    return among[argument % len(among)] if among else None


def freeze(world: "World", argument: int) -> None:
    worker = _one(world, argument)
    if worker is not None:
        freeze_for(world, worker, _FREEZES[argument // 7 % 3])


def freeze_for(world: "World", worker: "Worker", seconds: float) -> None:
    worker.process.frozen = True
    world.tell(f"{worker.process.name} is frozen for {seconds:g} s")

    def thaw() -> None:
        if worker.process.frozen:
            worker.process.frozen = False
            world.tell(f"{worker.process.name} is thawed")

    world.later(seconds, thaw)


def die(world: "World", argument: int) -> None:
    worker = _one(world, argument)
    if worker is not None:
        world.tell(f"{worker.process.name} dies")
        world.scheduler.kill(worker.process)
        world.later(1.0, world.start_worker)


def stop(world: "World", argument: int) -> None:
    worker = _one(world, argument)
    if worker is not None:
        world.tell(f"{worker.process.name} is told to stop")
        worker.process.stopped = True
        world.later(1.0, world.start_worker)


def lag(world: "World", argument: int) -> None:
    seconds = _LAGS[argument % 3]
    world.tell(f"everything stands still for {seconds:g} s")
    world.pass_time(seconds)


def next_month(world: "World", argument: int) -> None:
    now = datetime.fromtimestamp(world.scheduler.wall, UTC)
    first = (now.replace(day=1, hour=0, minute=0, second=1, microsecond=0) + timedelta(days=32)).replace(day=1)
    world.tell(f"it is {first:%Y-%m}")
    world.scheduler.leap(first.timestamp() - world.scheduler.wall)
    world.pass_time(1.0)


def away(world: "World", argument: int) -> None:
    seconds = _AWAYS[argument % 3]
    world.store.away = True
    world.tell(f"Redis is away for {seconds:g} s")

    def back() -> None:
        world.store.away = False
        world.tell("Redis is back")

    world.later(seconds, back)


def wipe(world: "World", argument: int) -> None:
    world.tell("Redis is wiped")
    world.store.wipe()
    world.forget_since(0)
    if argument % 2:
        resume_elsewhere(world, argument // 2)


def forget(world: "World", argument: int) -> None:
    """Redis crashes in a while, and comes back as it is now."""
    world.tell("(what Redis has now it will remember)")
    world.store.remember()
    at, step = world.scheduler.now, world.steps
    world.remembered = step

    world.later(_SECONDS[argument % 3], lambda: _crash(world, at, step))


def _crash(world: "World", at: float, step: int) -> None:
    if world.remembered == step and world.scheduler.now - at <= _SECONDS[-1]:
        world.tell(f"Redis forgets its last {world.scheduler.now - at:.2f} s")
        world.store.forget()
        world.forget_since(step)


def power_cut(world: "World", argument: int) -> None:
    """Everything dies at once, and Redis forgets its last moments."""
    world.store.remember()
    at, step = world.scheduler.now, world.steps
    world.remembered = step

    def crash() -> None:
        world.tell("power cut: all workers die")
        for worker in world.living():
            world.scheduler.kill(worker.process)
            world.later(1.0, world.start_worker)
        _crash(world, at, step)

    world.later(_SECONDS[argument % 3], crash)


def pause(world: "World", argument: int) -> None:
    world.tell("pause")
    world.command("pause", lambda: commands.pause(jobs_of.NAME, connection=world.connection()))


def cancel(world: "World", argument: int) -> None:
    world.tell("cancel")
    world.command("cancel", lambda: commands.cancel(jobs_of.NAME, connection=world.connection()))


def resume_elsewhere(world: "World", argument: int) -> None:
    world.tell("a second person resumes")
    cap = world.cap_in_dollars()
    world.command(
        "second",
        lambda: commands.resume(jobs_of.NAME, connection=world.connection(), max_cost=cap, json=True),
    )


def raise_cap(world: "World", argument: int) -> None:
    if world.cap is not None:
        world.raise_cap()
        resume_elsewhere(world, argument)


def interrupt(world: "World", argument: int) -> None:
    world.tell("Ctrl-C")
    world.interrupt()


def kill_person(world: "World", argument: int) -> None:
    if not world.person.dead:
        world.tell("the command is killed")
        world.scheduler.kill(world.person)
        world.later(2.0, lambda: None if world.done else world.start_person())


ALL = (
    Fault("freeze", freeze, 4),
    Fault("die", die, 3),
    Fault("stop", stop),
    Fault("lag", lag, 2),
    Fault("next month", next_month),
    Fault("away", away),
    Fault("wipe", wipe),
    Fault("forget", forget),
    Fault("power cut", power_cut),
    Fault("pause", pause),
    Fault("cancel", cancel),
    Fault("second resume", resume_elsewhere),
    Fault("raise cap", raise_cap),
    Fault("Ctrl-C", interrupt),
    Fault("kill command", kill_person),
)
