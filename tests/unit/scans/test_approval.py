"""Nothing is paid without a word: --yes, --max-cost, a price under the threshold, or a person's y."""

from decimal import Decimal

import pytest

from jobs.apis import parse
from jobs.errors import RekscanError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan.build import Counts, plan
from rekscan.scans.approval import approve


def make(images, region="us-east-1", apis="labels"):
    return plan(
        parse([apis]), Counts(images=images), region=region, prices=PriceTable.bundled(), quotas=QuotaTable.bundled()
    )


@pytest.mark.parametrize(
    "images, options",
    [
        (10_000, {"yes": True}),
        (10_000, {"max_cost": Decimal(25)}),
        (10_000, {"max_cost": Decimal(1)}),  # over the cap: it runs up to it
        (10_000, {"threshold": Decimal(10)}),
        (0, {}),
    ],
)
def test_it_goes_on_without_asking(images, options):
    approve(make(images), interactive=False, **options)


@pytest.mark.parametrize("answer", ["y", "Yes "])
def test_a_person_may_say_yes(answer):
    asked = []
    approve(make(10_000), interactive=True, ask=lambda question: asked.append(question) or answer)
    assert asked == ["Pay $10.00 for 10,000 calls? [y/N] "]


@pytest.mark.parametrize("answer", ["", "n", "yes please"])
def test_anything_else_is_a_no(answer):
    with pytest.raises(RekscanError, match="not approved"):
        approve(make(10_000), interactive=True, ask=lambda question: answer)


def test_on_a_pipe_it_refuses_and_says_what_to_add():
    with pytest.raises(RekscanError, match=r"\$10\.00") as caught:
        approve(make(10_000), interactive=False)
    assert "--yes" in caught.value.do and "--max-cost" in caught.value.do


def test_an_unknown_price_is_over_every_threshold_and_under_no_cap():
    with pytest.raises(RekscanError, match="an unknown price"):
        approve(make(1, "eu-south-2"), threshold=Decimal(10**6), interactive=False)
    with pytest.raises(RekscanError, match="at least"):
        approve(make(100, "eu-west-1", "labels,properties"), threshold=Decimal(10**6), interactive=False)
    with pytest.raises(RekscanError, match="cannot be held"):
        approve(make(1, "eu-south-2"), max_cost=Decimal(1), interactive=False)


@pytest.mark.parametrize("yes", [True, False])
def test_calls_without_a_price_take_a_word_of_their_own(yes):
    for plan_ in (make(1, "eu-south-2"), make(100, "eu-west-1", "labels,properties")):
        with pytest.raises(RekscanError, match="no price of") as caught:
            approve(plan_, yes=yes, interactive=False)
        assert "--accept-unknown-cost" in caught.value.do
        approve(plan_, yes=True, accept_unknown=True, interactive=False)
    with pytest.raises(RekscanError, match="nobody to ask"):
        approve(make(1, "eu-south-2"), accept_unknown=True, interactive=False)


def test_hours_that_no_call_is_billed_by_are_no_unknown_price_of_calls():
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/logos/version/v1/1767571200000"
    approve(make(5, apis=f"custom-labels:project_version_arn={arn}"), yes=True)
