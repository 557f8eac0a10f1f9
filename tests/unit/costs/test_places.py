"""Costs of a job at several places: each line of calls says whose it is, and what was inherited stands once."""

from decimal import Decimal

from jobs.costs.reckoning import CostLine, Costs
from jobs.costs.tallies import Tally
from jobs.costs.text import costs_parts, text
from jobs.money.prices import TierLine
from jobs.near.inherited import inherited_text


def line(place: str, ok: int, not_asked: int = 0, known: int = 0) -> CostLine:
    paid = (TierLine(Decimal(ok), Decimal("0.001"), Decimal(ok) / 1000, "official"),) if ok else ()
    region = place or "us-east-1"
    calls = Tally(ok=ok + known, known=known, not_asked=not_asked, attempts=ok, units=ok)
    return CostLine(
        "faces", "DetectFaces", "image-group-2", "image", Decimal(9), Decimal("0.009"), paid, (), calls, place, region
    )


COSTS = Costs(
    "20261128-090000-beef", "us-east-1", (line("", 6, known=13), line("us-west-2", 0, 8)), {}, "AWS", "2026-11-28",
    Decimal("0.018"), ("us-east-1", "us-west-2"),
)  # fmt: skip


def test_calls_at_a_place_where_nothing_was_billed_stand_below_its_name() -> None:
    said = text(costs_parts(COSTS)).splitlines()
    at = next(n for n, words in enumerate(said) if "8 not asked" in words)
    assert said[at - 2] == "faces in us-west-2 on image-group-2: 0 units"


def test_what_was_known_before_stands_once_and_is_of_no_region() -> None:
    said = text(costs_parts(COSTS)).splitlines()
    assert "  6 answered, 0 skipped, 0 failed, 6 requests" in said
    assert "  0 answered, 0 skipped, 0 failed, 0 requests" in said
    assert [words for words in said if "known" in words] == ["faces: 13 answers known before, of no Region"]


def test_what_was_inherited_stands_once_whatever_the_places() -> None:
    (said,) = inherited_text(COSTS, None, {"faces": {0: 3, 4: 1}})
    assert said.startswith("4 answers of faces inherited (--near): 3 at 0 bits, 1 at 4 bits: about $0.004")
