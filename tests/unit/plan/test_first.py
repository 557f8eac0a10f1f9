"""The bundled models on a plan: time, no money, and what of the calls they spare is said by a sample."""

from dataclasses import replace

from jobs.apis import ask
from jobs.conditions import conditioned
from jobs.conditions.trying import Sampled, try_out
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan import text
from jobs.plan.build import Counts, Plan, plan
from jobs.plan.cascade import notes, with_shares
from jobs.plan.first import first_stage
from jobs.plan.s3_requests import s3_lines

ASKED = conditioned(ask(["moderation"]), ["moderation: local.nudity has any >= 5"], "local")
SEEN = {"ModerationLabels": [{"Name": "Explicit Nudity", "Confidence": 40.0}]}
UNSEEN = {"ModerationLabels": [{"Name": "Explicit Nudity", "Confidence": 1.0}]}
GUNS = {"ModerationLabels": [{"Name": "Weapons", "Confidence": 90.0}]}


def planned(images: int, cores: int) -> Plan:
    tables = {"prices": PriceTable.bundled(), "quotas": QuotaTable.bundled()}
    built = plan(ASKED.images, Counts(images=images, s3_images=images, s3_items=images), region="us-east-1", **tables)
    return replace(built, first=first_stage(ASKED.first, images, cores))


def test_the_models_take_time_by_cores_and_are_no_line() -> None:
    one, four = planned(100_000, 1), planned(100_000, 4)
    assert one.first is not None
    assert four.first is not None
    assert one.first.seconds == 4 * four.first.seconds == one.duration_s
    assert {line.api for line in one.lines} == {"moderation"}
    assert one.total == four.total
    said = "\n".join(text.notes(four))
    assert "First the bundled models look at 100,000 images (local.nudity), for nothing:\n" in said
    assert f"  about {one.first.per_core:.1f} images/s a core" in said
    assert "on the 4 cores of this machine" in said
    assert one.to_json()["first"]["apis"] == ["local.nudity"]
    assert "first" not in replace(one, first=None).to_json()


def test_pictures_on_s3_are_read_once_more_for_them() -> None:
    built = planned(1000, 1)
    gets = [
        next(line.units for line in s3_lines(one, PriceTable.bundled()) if line.meter == "s3-get")
        for one in (built, replace(built, first=None))
    ]
    assert gets == [3000, 2000]


def test_a_sample_says_what_they_spare_and_what_they_miss() -> None:
    of = [{"local.nudity": SEEN, "moderation": SEEN}] * 10 + [{"local.nudity": UNSEEN, "moderation": {}}] * 88
    of += [{"local.nudity": UNSEEN, "moderation": GUNS}, {"local.nudity": None, "moderation": {}}]  # that is asked
    tried = try_out((*ASKED.first, *ASKED.images), [map(Sampled, of)])
    said = "\n".join(notes(with_shares(planned(1_000_000, 2), tried, "job")))
    assert "11 % of images (5.6 % to 19 % by 95 %, from 100 sampled)" in said
    assert "it costs 9.1 % of what moderation finds there (1 of 11 rows)" in said
