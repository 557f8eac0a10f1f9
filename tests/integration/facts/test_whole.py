"""What a sample's report says of all images, from a job's tables: held against what was put into the whole."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from jobs.item_rows import from_batch, to_batch
from jobs.items import Item
from jobs.outcomes import Outcome
from jobs.sample.asked import sample_size
from rekscan.scans.sampled import SampledListing
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.facts.values import Estimate, Whole
from reports.views.markdown import build_markdown
from reports.views.report import build_report
from reports.views.terminal import lines
from reports.views.workbook import build_workbook

ALL = 6_000
HELMETS = "protective-equipment:required=HEAD_COVER"
APIS = ("labels", "moderation", "text", HELMETS)


def number_of(item: Item) -> int:
    return int(item.uri.rpartition("/")[2].removesuffix(".jpg"))


def weapon(n: int) -> bool:
    """In 2019: one in 4; in 2020: none; else one in 50."""
    return n % 4 == 0 if n % 3 == 0 else n % 50 == 1 if n % 3 == 1 else False


def answer(n: int, api: str) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {
        "labels": {"Labels": [{"Name": name, "Confidence": 90.0} for name in ["Sky", *["Person"] * (n % 10 < 3)]]},
        "moderation": {"ModerationLabels": [{"Name": "Weapons", "ParentName": "Violence", "Confidence": 90.0}]},
        "text": {"TextDetections": [{"Type": "LINE", "DetectedText": str(n), "Confidence": 99.0, "Id": 0}]},
        HELMETS.partition(":")[0]: {
            "Persons": [{"Id": 0, "Confidence": 99.0}], "Summary": {"PersonsWithoutRequiredEquipment": [0]},
        },
    }  # fmt: skip
    shown = {"labels": True, "moderation": weapon(n), "text": n % 2 == 0, HELMETS.partition(":")[0]: n % 5 == 0}
    return found[api] if shown[api] else {}


def broken(n: int) -> bool:
    return n % 40 == 7


def asked(n: int) -> bool:
    """For its text, by a condition."""
    return n % 7 != 3


@dataclass(frozen=True)
class Sampled:
    folder: JobFolder
    whole: Whole
    items: list[Item]

    def of(self, api: str) -> dict[str, Estimate]:
        (found,) = [one for one in self.whole.apis if one.api == api]
        return {one.name: one for one in (found.answered, *found.found)}


def make(home: Path, size: str, failed: Callable[[int], bool] = lambda n: False, job: str = "beef") -> Sampled:
    """A job over a sample of 6,000 images of three years. Broken ones were skipped; some may have failed."""
    years = ("2019", "2020", "2021")
    whole = [Item(n, f"s3://a/{years[n % 3 * 2 % 3]}/{n}.jpg", "image", 1) for n in range(ALL)]
    asked = sample_size(size)
    assert asked is not None
    listing = SampledListing(asked)
    batches = [to_batch(whole[start : start + 1000]) for start in range(0, ALL, 1000)]
    items = [item for batch in listing.drawn(batches, None) for item in from_batch(batch)]
    folder = make_job(home, items, APIS, job=f"20261123-090000-{job}", answers=answer, missing_shards=range(100))
    plan = folder.spec.plan
    listed = replace(plan, items=replace(plan.items, skipped={"hidden": 2, "unreadable": 5}, videos=3))
    folder.create(replace(folder.spec, sample=listing.record(), plan=listed))
    for shard in range(folder.spec.shards):
        folder.commit(shard, [one for item in folder.items(shard) for one in outcomes(item, failed)])
    found = summarize(folder).whole
    assert found is not None
    return Sampled(folder, found, items)


def outcomes(item: Item, failed: Callable[[int], bool]) -> Iterator[Outcome]:
    n = number_of(item)
    for api in (api.partition(":")[0] for api in APIS):
        if broken(n):
            yield Outcome(item.item_id, api, "skipped", "broken")
        elif failed(n):
            yield Outcome(item.item_id, api, "failed", "InternalServerError")
        elif api == "text" and not asked(n):
            yield Outcome(item.item_id, api, "not-asked", "condition-false")
        else:
            yield Outcome(item.item_id, api, "ok", units=1, response=orjson.dumps(answer(n, api)).decode())


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Sampled:
    return make(tmp_path_factory.mktemp("home"), "10%")


def truth(shown: Callable[[int], bool]) -> int:
    """As a scan of all images would find it: in broken ones nothing."""
    return sum(shown(n) and not broken(n) for n in range(ALL))


@pytest.mark.parametrize(
    ("api", "name", "shown"),
    [
        ("labels", "answered", lambda n: True),
        ("labels", "people", lambda n: n % 10 < 3),
        ("labels", "Sky", lambda n: True),
        ("moderation", "flagged as unsafe", weapon),
        ("moderation", "Weapons", weapon),
        ("text", "text", lambda n: n % 2 == 0 and asked(n)),
        ("text", "answered", asked),
        ("protective-equipment", "people without the equipment asked for", lambda n: n % 5 == 0),
        ("protective-equipment", "protective equipment", lambda n: False),
    ],
)
def test_the_truth_lies_in_a_narrow_interval(
    sampled: Sampled, api: str, name: str, shown: Callable[[int], bool]
) -> None:
    found = sampled.of(api)[name]
    low, value, high = found.images
    assert low <= truth(shown) <= high
    assert low <= value <= high and high - low < 0.09 * ALL
    assert found.found == sum(shown(number_of(i)) and not broken(number_of(i)) for i in sampled.items)


def test_a_name_that_a_sight_tells_is_told_once_and_texts_are_no_names(sampled: Sampled) -> None:
    assert "Person" not in sampled.of("labels")
    assert list(sampled.of("text")) == ["answered", "text"]


def test_a_sample_of_all_is_certain(tmp_path: Path) -> None:
    found = make(tmp_path, "100%").of("moderation")["Weapons"]
    assert found.images == (truth(weapon),) * 3


def test_what_failed_may_be_anything_until_it_is_known(tmp_path: Path) -> None:
    plain = make(tmp_path, "900")
    doubtful = make(tmp_path, "900", failed=lambda n: n % 20 == 3, job="cafe")
    (labels, *_) = doubtful.whole.apis
    assert labels.unanswered == sum(number_of(item) % 20 == 3 and not broken(number_of(item)) for item in plain.items)
    for api, name in (("labels", "people"), ("moderation", "Weapons")):
        narrow, wide = plain.of(api)[name].share, doubtful.of(api)[name].share
        assert wide.high - wide.low > narrow.high - narrow.low + 0.04
        assert wide.low <= narrow.value <= wide.high
    text = "\n".join(lines(summarize(doubtful.folder)))
    assert f"{labels.unanswered} images of the sample have no answer: they may show anything" in text


def test_every_view_says_it_with_its_interval(sampled: Sampled) -> None:
    facts = summarize(sampled.folder)
    drawn = len(sampled.items)
    assert headline(facts).startswith(f"In a sample of {drawn} of 6,000 images, ")
    low, _, high = sampled.of("moderation")["Weapons"].images
    for text in (
        "\n".join(lines(facts)),
        Path(build_markdown(sampled.folder)).read_text().replace("\\", ""),
        Path(build_report(sampled.folder, thumbnails=False).path).read_text(),
    ):
        assert "What this says of all 6,000 images" in text
        assert f"{low} to {high:,}" in text or f"{low:,} to {high:,}" in text
        assert f"{drawn} images were drawn at random (10%, seed 20261123), of each folder or date its share; " in text
    assert Path(build_workbook(sampled.folder)).is_file()


def test_what_was_left_out_while_listing_is_counted_though_it_has_no_rows(sampled: Sampled) -> None:
    facts = summarize(sampled.folder)
    assert list(facts.skips.items()) == [("unreadable", 5), ("video", 3), ("hidden", 2)]
    assert "Left out while listing" in "\n".join(lines(facts))
    assert facts.items == {"ok": len(sampled.items) - facts.items["skipped"], "skipped": facts.items["skipped"]}


def test_the_document_has_every_number(sampled: Sampled) -> None:
    found = sampled.whole.to_json()
    assert found["sample"] == {"asked": "10%", "seed": 20261123, "whole": ALL, "drawn": len(sampled.items)}
    (weapons,) = [one for one in found["apis"][1]["found"] if one["name"] == "Weapons"]
    assert weapons["images"]["low"] <= truth(weapon) <= weapons["images"]["high"]
    assert set(weapons["share"]) == {"low", "value", "high"}
