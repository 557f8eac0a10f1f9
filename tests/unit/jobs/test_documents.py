"""Documents outlive the version that wrote them: what is new is ignored, what is missing has a default."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import documents
from jobs.apis import Choice, parse
from jobs.counts import Counts
from jobs.errors import RekscanError
from jobs.folder.models import ModelStart, ModelStop
from jobs.folder.spec import Amendment, JobSpec, Listing, Options
from jobs.money.free_tier import FreeTier
from jobs.money.prices import PriceTable, money
from jobs.money.quotas import QuotaTable
from jobs.places import Place
from jobs.plan.build import plan
from jobs.planned import PlanDocument
from jobs.sample.record import Sample, SampleStratum
from jobs.status import Status
from reports.folder_page import DOCUMENTS, PARTS
from reports.tables.built import BuiltTables

PRICES, QUOTAS = PriceTable.bundled(), QuotaTable.bundled()
dollars = st.decimals(0, 10**9, allow_nan=False, places=12)


def planned(images: int = 1_200_000, apis: str = "labels,properties,faces", **more: Any) -> PlanDocument:
    choices = parse([apis])
    counts = Counts(images=images, skipped={"archived": 2}, bytes=7)
    return plan(choices, counts, region="us-east-1", prices=PRICES, quotas=QUOTAS, **more).document()


def spec(**more: Any) -> JobSpec:
    given: dict[str, Any] = {
        "job": "20261123-120000-abcd",
        "created_at": "2026-11-23T12:00:00+00:00",
        "sources": ("/photos",),
        "apis": parse(["labels:min_confidence=70,faces"]),
        "region": "us-east-1",
        "account": "123456789012",
        "items": 30,
        "shard_size": 10,
        "quotas": {"DetectLabels": 50.0},
        "plan": planned(start=date(2026, 12, 1), month_to_date={"image-group-2": 5}),
        "prices": PRICES.only("us-east-1", ["image-group-2"]).to_json(),
        "options": Options(
            max_cost=Decimal("0.1"), cut=True, listing=Listing(("/photos",), "path", True, ("*.jpg",), ("raw",))
        ),
        "versions": {"rekscan": "0.1.0"},
    }
    return JobSpec(**{**given, **more})


EXAMPLES: list[Any] = [
    spec(),
    Place(
        "eu-west-1", "eu-west-1", "123456789012", {"DetectLabels": 50.0, "DetectText": None}, exact=("DetectLabels",)
    ),
    Amendment(1, 40, planned(), True, Decimal("0.3"), 7),
    Status(
        "job", "finished", "", "", {"labels": {"planned": 3, "ok": 3}}, {"actual": "0.003", "maybe": None}, throttled=1
    ),
    ModelStart(1, "custom-labels", "arn", 2, datetime(2026, 11, 28, 14, 2, tzinfo=UTC)),
    ModelStop(datetime(2026, 11, 28, 15, 2, tzinfo=UTC), sent=False),
    BuiltTables("job", ("/x",), {"labels": 3}, ("csv",), 50.0, None, "1 shards", ("labels.csv",)),
    Sample("2%", 7, 2_500_000, 50_000, (SampleStratum("s3://b/2019", 2_500_000, 50_000),)),
    SampleStratum("s3://b/2019", 2_500_000, 50_000),
]


def records(value: Any, document: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects in a document that stand for records, itself too."""
    if is_dataclass(value):
        yield document
        for one in fields(value) if not isinstance(value, Choice) else ():
            yield from records(getattr(value, one.name), document[one.name])
    elif isinstance(value, tuple):
        for one, other in zip(value, document, strict=True):
            yield from records(one, other)
    elif isinstance(value, Mapping):
        for name in value:
            yield from records(value[name], document[name])


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_a_document_says_its_format_and_reads_back_as_it_was(record: Any) -> None:
    data = documents.dump(record)
    assert json.loads(data)["format"] == documents.FORMAT
    assert documents.load(type(record), data, "it") == record


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_fields_that_a_later_version_added_are_ignored_at_every_depth(record: Any) -> None:
    document = json.loads(documents.dump(record))
    for one in list(records(record, document)):
        one["came_later"] = {"x": [1]}
    assert documents.load(type(record), json.dumps(document).encode(), "it") == record


@pytest.mark.parametrize("record", [*DOCUMENTS.values(), *PARTS], ids=lambda record: record.__name__)
def test_what_a_document_lacks_has_a_default_where_its_record_gives_one(record: type) -> None:
    assert is_dataclass(record)
    needed = [one.name for one in fields(record) if one.default is MISSING and one.default_factory is MISSING]
    whole = next((one for one in [*EXAMPLES, Listing(("/x",))] if type(one) is record), None)
    least = {name: value for name, value in documents.to_json(whole).items() if name in needed} if whole else {}
    found = documents.load(record, json.dumps(least).encode(), "it")
    assert {name: getattr(found, name) for name in needed} == {name: getattr(whole, name) for name in needed}
    for name in needed:
        with pytest.raises(RekscanError, match=f"it cannot be read: {name}: "):
            documents.load(record, json.dumps({k: v for k, v in least.items() if k != name}).encode(), "it")


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_a_newer_format_is_refused_whatever_else_stands_there(record: Any) -> None:
    newer = json.dumps({"format": documents.NEWEST + 1, "nothing": "known"}).encode()
    with pytest.raises(documents.NewerFormat) as refused:
        documents.load(type(record), newer, "job 1")
    assert refused.value.what == "job 1 was written by a newer rekscan (format 6; this one reads up to 5)"
    assert "Upgrade" in refused.value.do


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"3", b'{"format": "2"}', b'{"format": true}', b'{"format": 0}'])
def test_what_is_no_document_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(RekscanError, match="job 1 cannot be read: ") as refused:
        documents.load(JobSpec, data, "job 1")
    assert not isinstance(refused.value, documents.NewerFormat)


@given(amount=dollars)
def test_dollars_keep_every_digit(amount: Decimal) -> None:
    amendment = Amendment(1, 1, PlanDocument(total_usd=amount), max_cost=amount)
    document = json.loads(amendment.to_json())
    assert document["max_cost"] == document["plan"]["total_usd"] == money(amount)
    found = Amendment.from_json(amendment.to_json(), "job")
    assert (found.max_cost, found.plan.total_usd) == (amount, amount)


@given(
    images=st.integers(0, 10**8),
    apis=st.sampled_from(["labels", "labels,properties", "faces,text,celebrities", "index-faces:collection=x"]),
    start=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    used=st.dictionaries(st.sampled_from(["image-group-1", "image-group-2"]), st.integers(0, 10**8)),
    free=st.none() | st.just("2026"),
)
def test_a_plan_in_a_job_is_the_plan_that_was_shown(
    images: int, apis: str, start: date | None, used: dict[str, int], free: str | None
) -> None:
    tier = FreeTier.named(free, PRICES) if free else None
    choices = parse([apis])
    built = plan(
        choices, Counts(images=images), region="us-east-1", prices=PRICES, quotas=QUOTAS, start=start,
        month_to_date=used, free_tier=tier,
    )  # fmt: skip
    job = spec(plan=built.document())
    found = JobSpec.from_json(job.to_json(), "job").plan
    assert found == built.document()
    assert json.loads(job.to_json())["plan"] == json.loads(json.dumps(built.to_json()))
    assert (found.total_usd, found.complete, found.start) == (built.total, built.complete, start)
    assert [line.units for line in found.lines] == [line.units for line in built.lines]


def test_format_1_said_nothing_of_a_format() -> None:
    """As 0.1.0 wrote it: options of a job that is not cut lack `cut` and `listing`, and a cap is text."""
    document = json.loads(spec().to_json())
    del document["format"]
    document["options"] = {
        "local": True, "fit": False, "peek": True, "again": False,
        "duplicates": 3, "max_cost": "0.10", "part_rows": 99_900,
    }  # fmt: skip
    found = JobSpec.from_json(json.dumps(document).encode(), "job").options
    assert found == Options(local=True, fit=False, duplicates=3, max_cost=Decimal("0.1"), part_rows=99_900)
