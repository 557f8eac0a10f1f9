"""The turn under which a model is started or stopped: kept as long as its holder lives, and not much longer."""

from threading import Event, Thread

import pytest
from redis import Redis

from jobs.ledger import Ledger, models
from jobs.ledger.keys import key
from jobs.ledger.models import Models, TurnLost
from tests.support.waiting import until

TURN = key("models", "turn")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_TURN_SECONDS", 0.4)


@pytest.fixture
def known(redis: "Redis[bytes]") -> Models:
    return Models(Ledger(redis))


def test_a_turn_lasts_as_long_as_its_holder_lives(redis: "Redis[bytes]", known: Models) -> None:
    came = Event()

    def next_one() -> None:
        with known.turn():
            came.set()

    waiting = Thread(target=next_one)
    with known.turn() as turn:
        waiting.start()
        assert not came.wait(1.2)  # three times what it lasts without a sign of life
        turn.still()
    waiting.join()
    assert came.is_set() and not redis.exists(TURN)


def test_the_turn_of_one_that_was_killed_ends_by_itself(redis: "Redis[bytes]", known: Models) -> None:
    redis.set(TURN, "of one that says nothing any more", px=400)
    with known.turn() as turn:
        turn.still()


def test_who_slept_through_the_end_of_his_turn_sends_nothing_and_leaves_it_to_the_next(
    redis: "Redis[bytes]", known: Models
) -> None:
    with known.turn() as turn:
        redis.delete(TURN)  # it slept: nobody heard of it
        until(lambda: redis.set(TURN, "of the next", nx=True), "the next one has it")
        with pytest.raises(TurnLost):
            turn.still()
    assert redis.get(TURN) == b"of the next"
