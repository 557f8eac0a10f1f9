"""What a plan says of the home's cap for the month, by the most it can cost."""

from dataclasses import replace
from decimal import Decimal

import pytest

from jobs.apis import parse
from jobs.conditions import under_conditions
from jobs.costs.month_cap import MonthCap
from jobs.errors import RekscanError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan.build import Counts, plan
from rekscan.scans.month_cap import note, refuse_over

CAP = MonthCap("2026-11", Decimal(500), Decimal("123.40"))
ASKED = under_conditions(parse(["labels,faces"]), ["faces: labels has Person"])


def test_a_plan_over_what_is_left_stops_there_and_one_with_conditions_may() -> None:
    tables = {"prices": PriceTable.bundled(), "quotas": QuotaTable.bundled()}
    under, over = (plan(ASKED, Counts(images=n), region="us-east-1", **tables) for n in (188_000, 189_000))
    assert note(CAP, under).endswith("$376.60 is left.")
    assert note(CAP, over).endswith("$376.60 is left. This scan may stop there.")
    assert note(CAP, replace(over, conditional=())).endswith("$376.60 is left. This scan may stop there.")


def test_a_pilot_is_refused_only_over_what_is_left() -> None:
    refuse_over(CAP, "a pilot", Decimal("376.60"))
    refuse_over(None, "a pilot", Decimal(1000))
    with pytest.raises(RekscanError, match=r"a pilot costs \$376.61, and the jobs of this home"):
        refuse_over(CAP, "a pilot", Decimal("376.61"))
