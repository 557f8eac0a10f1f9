"""A scan of a folder that holds its own job home plans the same again and again; one of any name is a job."""

import os
from pathlib import Path

from PIL import Image

from jobs.folder import JobFolder, list_jobs
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve


def test_a_source_whose_name_is_no_utf_8_becomes_a_job_that_names_it_as_its_items(tmp_path: Path) -> None:
    source = os.fsencode(tmp_path) + b"/d\xe9j\xe0"
    os.mkdir(source)  # noqa: PTH102  bytes
    Image.new("RGB", (90, 90)).save(os.fsdecode(source + b"/a.jpg"))
    settings = resolve(None, home=str(tmp_path / "home"), region="us-east-1")
    job = plan_order([os.fsdecode(source)], ["labels"], Order(), settings, local=True).approved().job
    folder = JobFolder(settings.home, job)
    assert folder.spec.sources == (f"file://{tmp_path}/d%E9j%E0",)
    assert [item.uri for item in folder.items(0)] == [f"file://{tmp_path}/d%E9j%E0/a.jpg"]


def test_a_scan_below_which_its_own_home_lies_plans_the_same_the_second_time(tmp_path: Path) -> None:
    Image.new("RGB", (90, 90)).save(tmp_path / "a.jpg")
    settings = resolve(None, home=str(tmp_path / "rekscan-jobs"), region="us-east-1")
    order = ["labels", f"compare-faces:source={tmp_path}/a.jpg"]
    first = plan_order([str(tmp_path)], order, Order(), settings, local=True)
    folder = first.approved()
    folder.write("reports/report-pictures/0001.jpg", (tmp_path / "a.jpg").read_bytes())
    second = plan_order([str(tmp_path)], order, Order(), settings, local=True)
    assert (first.plan.counts.images, second.plan.counts.images) == (1, 1)
    assert second.plan.counts.skipped["own-output"] == len(list_jobs(settings.home)) == 1
