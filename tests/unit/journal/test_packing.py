"""Outcomes come back from the journal as they went in."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jobs.outcomes import Outcome
from workers.journal.packing import decode, encode

TEXTS = st.none() | st.text()
COUNTS = st.integers(0, 5)
OUTCOMES = st.builds(
    Outcome, item_id=st.integers(0, 2**40), api=st.sampled_from(["labels", "faces"]),
    outcome=st.sampled_from(["ok", "skipped", "failed"]), code=TEXTS, message=TEXTS, attempts=COUNTS, units=COUNTS,
    maybe_billed=COUNTS, sent=TEXTS, width=st.none() | COUNTS, response=TEXTS, content=TEXTS, answer_of=TEXTS,
    started_at=st.none() | st.just(datetime(2026, 11, 23, 9, 30, 0, 123456, UTC)),
)  # fmt: skip


@given(st.lists(OUTCOMES, max_size=3))
def test_outcomes_come_back_as_they_were(outcomes: list[Outcome]) -> None:
    assert decode(encode(outcomes)) == outcomes


def test_what_is_as_by_default_takes_no_room() -> None:
    assert len(encode([Outcome(1, "labels", "ok")])) < 80
