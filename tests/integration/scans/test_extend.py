"""Listings that go on, without workers: what a crash leaves behind, and sources that shrank."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import rekscan.scans.extend
from jobs.errors import RekscanError
from jobs.folder import JobFolder
from rekscan.scans.extend import extend
from rekscan.scans.order import Order, plan_order
from rekscan.settings import Settings, resolve


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("rekscan.scans.listing.PART_ROWS", 20)
    return resolve(None, home=str(tmp_path / "home"), shard_size=10, region="us-east-1")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(90):
        (folder / f"{number:03d}.jpg").write_bytes(b"\xff\xd8\xff" + bytes([number]))
    return folder


def cut_job(source: Path, settings: Settings, **order_of: Any) -> JobFolder:
    order = Order(max_cost=Decimal("0.02"), **order_of)
    return plan_order([str(source)], ["labels"], order, settings, local=True).approved()


def test_a_crash_before_the_amendment_leaves_the_job_as_it_was(
    source: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cut_job(source, settings)

    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(rekscan.scans.extend, "write_duplicates", killed)
        extend(folder, settings, Decimal("0.08"))
    assert len(folder.names("manifest")) == 4
    again = JobFolder(settings.home, folder.job)
    assert (again.spec.items, again.spec.amended) == (20, 0)
    assert sum(batch.num_rows for batch in again.manifest_batches()) == 20

    plan = extend(again, settings, Decimal("0.04"))  # less far than what was killed
    assert plan is not None
    assert (plan.total, again.spec.items, again.spec.cut) == (Decimal("0.04"), 40, True)
    assert len(again.names("manifest")) == 2
    assert extend(again, settings, Decimal("0.04")) is None

    assert extend(again, settings, Decimal(1)) is not None
    spec = JobFolder(settings.home, folder.job).spec  # as another process reads it
    assert (spec.items, spec.shards, spec.cut, spec.amended) == (90, 9, False, 2)
    assert [item.item_id for shard in range(9) for item in again.items(shard)] == list(range(90))


@pytest.mark.parametrize("left", [15, 0])
def test_a_source_that_shrank_is_refused(source: Path, settings: Settings, left: int) -> None:
    folder = cut_job(source, settings)
    for path in sorted(source.iterdir())[left:]:
        path.unlink()
    with pytest.raises(RekscanError, match="has changed"):
        extend(folder, settings, Decimal(1))
    assert JobFolder(settings.home, folder.job).spec.items == 20


def test_a_listing_that_goes_on_leaves_out_what_it_left_out_before(source: Path, settings: Settings) -> None:
    folder = cut_job(source, settings, include=["*.jpg"], exclude=["0?1.*", "02*"])
    assert extend(folder, settings, Decimal(1)) is not None
    items = [item for shard in range(9) for item in folder.items(shard)]
    excluded = {Path(item.uri).name for item in items if item.skip == "excluded"}
    assert excluded == {f"0{n}1.jpg" for n in range(9)} | {f"02{n}.jpg" for n in range(10)}
