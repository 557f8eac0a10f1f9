"""`estimate` and `costs` as commands: real files, a real S3 and CloudWatch server (moto), golden text."""

import csv
import io
import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import boto3
import pytest
from cyclopts import App

from jobs.apis import ask, parse
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder, JobSpec
from jobs.folder.spec import Options
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.outcomes import Outcome
from jobs.places import Place
from jobs.plan.build import Counts, plan
from rekscan.commands.costs import costs
from rekscan.commands.estimate import estimate
from rekscan.commands.prices import prices
from rekscan.commands.quotas import quotas
from rekscan.scans.order import Order, plan_order
from rekscan.settings import resolve
from rekscan.testing import emulator
from tests.support.places import ROOT
from tests.support.s3_server import s3_server

GOLDEN = ROOT / "tests" / "unit" / "plan" / "golden"
NOW = datetime.now(UTC)
PRICES = PriceTable.bundled()


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith(("REKSCAN_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REKSCAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("REKSCAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(scope="module")
def moto():
    with s3_server() as server:
        yield server.url


def run(function, line):
    app = App(result_action="return_value")
    app.default(function)
    return app(line.split() if isinstance(line, str) else line, exit_on_error=False)


def document(capsys, function, line):
    assert run(function, line + " --json") == 0
    return json.loads(capsys.readouterr().out)


# --- estimate


@pytest.mark.parametrize(
    "name, line",
    [
        ("moderation", "--images 2500000 --api moderation --region us-east-1"),
        ("video", "--video-minutes 61.5 --videos 2 --api video-segments --region us-east-1"),
        ("months", "--images 50000000 --api moderation --start 2026-11-25 --region us-east-1"),
        ("unknown", "--images 10 --api labels,properties --region eu-west-1"),
        ("compare", "--images 100000 --compare labels labels,faces labels,faces,text --region us-east-1"),
    ],
)
def test_the_printed_estimate_reads_as_before(capsys, name, line):
    assert run(estimate, line) == 0
    printed = capsys.readouterr().out
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(printed)
    assert printed == golden.read_text()


def test_a_directory_is_really_enumerated(tmp_path, capsys):
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"x" * number)
    (tmp_path / "notes.txt.bak").write_text("no picture")
    (tmp_path / ".hidden.jpg").write_bytes(b"\xff\xd8\xff")
    found = document(capsys, estimate, f"{tmp_path} --api labels,faces --region us-east-1")
    assert found["items"]["images"] == 5
    assert sum(found["items"]["skipped"].values()) == 2
    assert found["total_usd"] == "0.01"
    assert "s3" not in found


def test_globs_leave_out_of_the_price_and_are_counted(tmp_path, capsys):
    for name in ("a.jpg", "b.jpg", "small-a.jpg", "c.png"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0")
    line = f"{tmp_path} --api labels --region us-east-1 --include *.jpg --exclude small-*"
    found = document(capsys, estimate, line)
    assert (found["items"]["images"], found["items"]["skipped"]) == (2, {"excluded": 2})


def test_s3_is_listed_and_its_requests_stand_beside_the_total(moto, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto)
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.create_bucket(Bucket="archive")
    for number in range(3):
        s3.put_object(Bucket="archive", Key=f"2019/{number}.jpg", Body=b"\xff\xd8\xff%d" % number)
    found = document(capsys, estimate, "s3://archive/2019/ --api labels --region us-east-1")
    assert found["items"]["images"] == 3
    assert found["total_usd"] == "0.003"
    assert found["s3"] == {
        "in_total": False,
        "at_most_usd": "0.0000074",
        "lines": [
            {"meter": "s3-list", "units": 1, "usd": "0.000005"},
            {"meter": "s3-get", "units": 6, "usd": "0.0000024"},
        ],
    }


def test_equal_objects_of_a_service_that_is_not_aws_are_priced_each(moto, monkeypatch, capsys):
    """Its ETags may stand for any content; equal ones are told apart when they are read. AWS's: tests of known."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto)
    s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=moto)
    s3.create_bucket(Bucket="twins")
    for number in range(3):
        s3.put_object(Bucket="twins", Key=f"{number}.jpg", Body=b"\xff\xd8\xff")
    line = "s3://twins --api labels,faces --region us-east-1"
    assert document(capsys, estimate, line)["total_usd"] == "0.006"


def test_unknown_prices_fail_only_when_strict(capsys):
    line = "--images 10 --api labels --region eu-south-2"
    assert run(estimate, line) == 0
    assert run(estimate, line + " --strict") == 1
    assert "$0" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "line, there",
    [
        ("--video-minutes 100 --api labels", "1 video"),
        ("--images 3 --api video-labels", "3 images"),
        ("--images 0 --api labels", "no image"),
        ("{tmp}/text --api labels", "1 not-media"),
        ("{tmp}/films --api labels", "1 video"),
    ],
)
def test_nothing_to_price_is_said_and_has_no_price(tmp_path, capsys, line, there):
    for name in ("text/a.txt", "films/a.mp4"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(RekscanError, match=f"these APIs are paid for: .*{there}") as caught:
        run(estimate, f"{line} --region us-east-1".format(tmp=tmp_path))
    assert caught.value.code == 1
    assert capsys.readouterr().out == ""
    if "{tmp}" in line:
        with pytest.raises(RekscanError) as scanned:
            plan_order([line.split()[0].format(tmp=tmp_path)], ["labels"], Order(), resolve(region="us-east-1"))
        assert (scanned.value.what, scanned.value.do) == (caught.value.what, caught.value.do)


def test_an_empty_source_is_refused_in_the_words_of_scan(moto, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto)
    boto3.client("s3", region_name="us-east-1", endpoint_url=moto).create_bucket(Bucket="hollow")
    (tmp_path / "none").mkdir()
    settings = resolve(region="us-east-1")
    for source in ("s3://hollow", "s3://hollow/2019/", str(tmp_path / "none")):
        with pytest.raises(RekscanError) as before:
            run(estimate, f"{source} --api labels --region us-east-1")
        with pytest.raises(RekscanError) as scanned:
            plan_order([source], ["labels"], Order(), settings)
        assert (before.value.what, before.value.code) == (f"{source} is empty", 1)
        assert (before.value.what, before.value.do) == (scanned.value.what, scanned.value.do)


@pytest.mark.parametrize("api", ["compare-faces", "index-faces", "search-faces"])
def test_what_changes_no_price_need_not_be_given(api, capsys, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert document(capsys, estimate, f"--images 1000 --api {api} --region us-east-1")["total_usd"] == "1"
    assert document(capsys, estimate, f"{tmp_path} --api {api} --region us-east-1")["total_usd"] == "0.001"
    with pytest.raises(UsageError, match="needs"):
        run(estimate, f"{tmp_path} --api {api} --sample 1 --region us-east-1")


def test_a_region_that_aws_does_not_have_is_refused_with_the_nearest(monkeypatch, capsys):
    line = "--images 10 --api labels --region us-esat-1"
    with pytest.raises(UsageError, match="AWS has no Region 'us-esat-1'") as caught:
        run(estimate, line)
    assert "Did you mean us-east-1?" in caught.value.do
    with pytest.raises(UsageError, match="AWS has no Region"):
        Order().terms(ask(["labels"]), resolve(region="eu-west-7"), local=False)
    for command in (prices, quotas):
        with pytest.raises(UsageError, match="AWS has no Region"):
            run(command, "--region us-esat-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "http://127.0.0.1:9")  # which may call its Region as it likes
    assert run(estimate, line) == 0


def test_without_a_region_it_says_which_one_it_took(capsys):
    found = document(capsys, estimate, "--images 10 --api labels")
    assert found["region"] == "us-east-1"
    assert any("No Region is set" in line for line in found["assumptions"])


@pytest.mark.parametrize(
    "line, units, usd",
    [
        ("--faces-stored 1000000 --days 15", 500_000, "5"),
        ("--users-stored 1000", 1000, "0.01"),
        ("--units custom-labels-inference=10", 10, "40"),
        ("--video-minutes 60 --api video-labels", 60, "6"),
    ],
)
def test_meters_that_no_image_call_bills(capsys, line, units, usd):
    found = document(capsys, estimate, line + " --region us-east-1")
    assert [(row["units"], row["usd"]) for row in found["lines"]] == [(units, usd)]


def test_storage_and_images_are_priced_together(capsys):
    found = document(capsys, estimate, "--images 1000 --api faces --faces-stored 1000 --region us-east-1")
    assert found["total_usd"] == "1.01"


@pytest.mark.parametrize(
    "line, message",
    [
        ("", "nothing to price"),
        (". --images 3 --api labels", "a source and amounts"),
        ("--images 3", "no API asked for"),
        ("--images -1 --api labels", "under 0"),
        ("--images 3 --api labels --tps labels", "--tps labels"),
        ("--images 3 --api labels --tps labels=nan", "--tps labels=nan"),
        ("--images 3 --api labels --month-to-date image-group-9=1", "image-group-9"),
        (". --api labels --pilot 0", "--pilot 0: a pilot has 1 image or more"),
        (". --api labels --sample -2", "--sample -2: a pilot has 1 image or more"),
        (". --api labels --pilot 2 --sample 2", "another name"),
        (". --api labels --sample 10%", "a paid pilot of so many images"),
        ("--images 3 --api labels --pilot 2", "--pilot draws from one SOURCE"),
        (". --compare labels faces --sample 2", "--sample draws from one SOURCE"),
        ("--units parsecs=1", "parsecs"),
        ("--video-minutes 3 --videos 0 --api video-labels", "--video-count 0"),
        ("--video-minutes 3 --api video-dreams", "video-dreams"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(line, message):
    with pytest.raises(UsageError, match=message):
        run(estimate, line)


def test_compare_prices_each_set(capsys):
    found = document(capsys, estimate, "--images 1000 --compare labels labels,faces --region us-east-1")
    assert [(row["apis"], row["total_usd"]) for row in found["compare"]] == [
        (["labels"], "1"),
        (["labels", "faces"], "2"),
    ]


def test_an_archive_and_a_stream_are_priced_by_month(tmp_path, capsys):
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\xff%d" % number)
    line = f"{tmp_path} --monthly 200000 --months 2 --api labels,faces --start 2026-12-01 --region us-east-1"
    found = document(capsys, estimate, line)
    assert found["monthly"] == {"images": 200_000, "months": 2}
    assert [(month["month"], month["usd"]) for month in found["months"]] == [("2026-12", "400.006"), ("2027-01", "400")]
    assert (found["total_usd"], found["complete"]) == ("800.006", True)
    assert document(capsys, estimate, "--monthly 10 --api labels --region us-east-1")["total_usd"] == "0.12"


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_page_to_send_says_the_same_in_html_and_in_markdown(tmp_path, capsys, region):
    (tmp_path / "a_b|<i>.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    file = tmp_path / "page.html"
    line = ["--api", "labels,properties", "--monthly", "200000", "--months", "2", "--start", "2026-12-01"]
    line = [str(tmp_path / "a_b|<i>.jpg"), *line, "--region", region, "--html", str(file), "--markdown"]
    assert run(estimate, line) == 0
    page, said = file.read_text(), capsys.readouterr()
    for text in (page, said.out):
        assert ("$350.00" in text) == (region == "us-east-1")
        assert ("no price of image-properties in eu-west-1" in text) == (region == "eu-west-1")
        for there in (
            "2026-12",
            "2027-01",
            "Total",
            "Sources",
            "What it rests on",
            "aws.amazon.com/rekognition/pricing",
        ):
            assert there in text
    assert "<i>.jpg" not in page and "&lt;i&gt;.jpg" in page
    assert r"a\_b\|\<i\>.jpg" in said.out
    assert "<script" not in page and "http-equiv" in page
    assert str(file) in said.err


def test_a_page_is_of_one_estimate_and_goes_where_it_can(tmp_path):
    with pytest.raises(UsageError, match="of one estimate"):
        run(estimate, "--images 3 --compare labels faces --markdown --region us-east-1")
    with pytest.raises(RekscanError, match="cannot be written"):
        run(estimate, f"--images 3 --api labels --html {tmp_path} --region us-east-1")


def test_what_is_kept_is_kept_for_all_months(capsys):
    line = "--monthly 0 --faces-stored 1000000 --months 3 --api faces --start 2026-12-01 --region us-east-1"
    assert document(capsys, estimate, line)["total_usd"] == "30"


@pytest.mark.parametrize("line", ["--monthly -1", "--monthly 5 --months 0", "--monthly 5 --faces-per-image -1"])
def test_a_stream_that_cannot_be_is_refused(line):
    with pytest.raises(UsageError):
        run(estimate, f"{line} --api labels --region us-east-1")


def test_csv_is_exact_and_adds_up(capsys):
    line = "--images 50000000 --api moderation --start 2026-11-25 --csv --region us-east-1"
    assert run(estimate, line) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(Decimal(row["usd"]) for row in rows[:-1]) == Decimal(rows[-1]["usd"])
    assert {row["month"] for row in rows[:-1]} == {"2026-11", "2026-12"}


def put_counts(moto, operation, calls, at, region="us-east-1"):
    made = boto3.client("cloudwatch", region_name=region, endpoint_url=moto)
    datum = {
        "MetricName": "SuccessfulRequestCount",
        "Dimensions": [{"Name": "Operation", "Value": operation}],
        "Timestamp": at,
        "Value": calls,
        "Unit": "Count",
    }
    made.put_metric_data(Namespace="AWS/Rekognition", MetricData=[datum])


@pytest.fixture
def cloudwatch(moto, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", moto)
    boto3.client("s3", region_name="us-east-1", endpoint_url=moto)  # wakes moto's threads before the clock is read
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    return moto


def test_month_to_date_may_be_read_from_cloudwatch(cloudwatch, capsys):
    put_counts(cloudwatch, "DetectLabels", 600_000, NOW)
    put_counts(cloudwatch, "DetectFaces", 350_000, NOW)
    put_counts(cloudwatch, "CompareFaces", 7, NOW)
    line = "--images 100000 --api moderation --month-to-date cloudwatch --region us-east-1"
    found = document(capsys, estimate, line)
    assert found["month_to_date"] == {"image-group-1": 7, "image-group-2": 950_000}
    assert found["total_usd"] == "90"  # 50,000 at $0.001 and 50,000 at $0.0008


# --- costs


def job(tmp_path, name, apis, images, *, created=NOW, prices=PRICES, **spec_options):
    choices = parse([apis])
    built = plan(choices, Counts(images=images), region="us-east-1", prices=prices, quotas=QuotaTable.bundled())
    spec = JobSpec(
        job=name,
        created_at=created.isoformat(),
        sources=("/photos",),
        apis=choices,
        region="us-east-1",
        account="123456789012",
        items=images,
        shard_size=200,
        quotas={},
        plan=built.document(),
        prices=built.prices.to_json(),
        **spec_options,
    )
    folder = JobFolder(str(tmp_path / "home"), name)
    folder.create(spec)
    names = [choice.api.name for choice in choices]
    folder.commit(
        0, [Outcome(n, api, "ok", attempts=1, units=1, started_at=created) for n in range(images) for api in names]
    )
    return folder


def test_costs_of_a_job_are_its_plan_when_nothing_failed(tmp_path, capsys):
    job(tmp_path, "20261123-000000-aaaa", "labels,faces", 30)
    found = document(capsys, costs, "last")
    assert found["usd"] == {"planned": "0.06", "actual": "0.06", "maybe": "0"}
    assert run(costs, "last") == 0
    assert "labels on image-group-2: 30 x $0.001 (price-list)" in capsys.readouterr().out


def test_cloudwatch_stands_beside_and_the_gap_is_explained(cloudwatch, tmp_path, capsys):
    folder = job(tmp_path, "20261123-000000-aaaa", "labels,properties", 10, created=NOW - timedelta(minutes=30))
    put_counts(cloudwatch, "DetectLabels", 13, NOW - timedelta(minutes=29))
    found = document(capsys, costs, "last --cloudwatch")
    (row,) = found["cloudwatch"]
    assert (row["answered"], row["cloudwatch"], row["gap"]) == (10, 13, 3)
    assert "another program" in row["why"]
    folder.commit(1, [Outcome(10, "labels", "failed", attempts=3, maybe_billed=3, started_at=NOW)])
    assert run(costs, "last --cloudwatch") == 0
    assert "3 of the 3 attempts without an answer did reach AWS" in capsys.readouterr().out


def test_cloudwatch_counts_each_region_beside_what_was_answered_there(cloudwatch, tmp_path, capsys):
    west = Place("us-west-2", "us-west-2", "123456789012", {"DetectLabels": 50.0})
    folder = job(tmp_path, "20261123-000000-aaaa", "labels", 10, created=NOW - timedelta(minutes=30), places=(west,))
    marks = f"k3f9x2ab0q:b{NOW:%Y-%m}@us-west-2"
    there = Outcome(10, "labels", "ok", attempts=1, units=1, started_at=NOW, marks=marks, place="us-west-2")
    folder.commit(1, [there])
    put_counts(cloudwatch, "DetectLabels", 10, NOW - timedelta(minutes=29))
    put_counts(cloudwatch, "DetectLabels", 3, NOW - timedelta(minutes=29), "us-west-2")
    rows = document(capsys, costs, "last --cloudwatch")["cloudwatch"]
    assert [(row["region"], row["answered"], row["cloudwatch"]) for row in rows] == [
        ("us-east-1", 10, 10), ("us-west-2", 1, 3),
    ]  # fmt: skip
    assert run(costs, "last --cloudwatch") == 0
    assert "DetectLabels in us-west-2: 2 more calls at AWS" in capsys.readouterr().out


def test_cloudwatch_knows_nothing_of_a_job_on_the_emulator(tmp_path):
    job(tmp_path, "20261123-000000-aaaa", "labels", 1, options=Options(local=True))
    with pytest.raises(RekscanError, match="did not run against AWS"):
        run(costs, "last --cloudwatch")


def test_a_month_of_split_jobs_costs_what_one_job_does(tmp_path, capsys):
    whole, parts = 1100, (700, 400)
    table = PRICES.to_json()
    table["meters"]["image-group-2"]["regions"]["us-east-1"][0]["to"] = 1000
    table["meters"]["image-group-2"]["regions"]["us-east-1"][1]["from"] = 1000
    early = PriceTable.from_json(table)  # its second tier begins at 1,000 images
    month = f"{NOW:%Y-%m}"
    job(tmp_path / "one", "20261123-000000-aaaa", "labels", whole, prices=early)
    for number, images in enumerate(parts):
        made = NOW + timedelta(seconds=number)
        job(tmp_path / "two", f"20261123-00000{number}-aaaa", "labels", images, created=made, prices=early)
    last_month = job(tmp_path / "two", "20250101-000000-aaaa", "labels", 5, created=datetime(2025, 1, 1, tzinfo=UTC))
    one = document(capsys, costs, f"--month {month} --home {tmp_path}/one/home")
    two = document(capsys, costs, f"--month {month} --home {tmp_path}/two/home")
    assert one["usd"] == two["usd"] == {"actual": "1.08", "maybe": "0"}
    assert [row["actual_usd"] for row in two["jobs"]] == ["0.7", "0.38"]
    assert last_month.job not in {row["job"] for row in two["jobs"]}
    assert run(costs, f"--month {month} --home {tmp_path}/two/home") == 0
    assert f"{month}: 2 jobs answered by AWS" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["--month november", "last --month 2026-11", "--month 2026-13"])
def test_a_month_is_a_month(line):
    with pytest.raises(UsageError):
        run(costs, line)


def test_a_left_over_collection_appears_with_its_monthly_cost(tmp_path, capsys):
    with emulator("--workers", "1") as running:
        client = running.client()
        apis = "index-faces:collection=people,create=true"
        job(tmp_path, "20261123-000000-aaaa", apis, 1, rekognition_url=running.url)
        assert document(capsys, costs, "last")["collections"] == []
        client.create_collection(CollectionId="people")
        (left,) = document(capsys, costs, "last")["collections"]
        assert (left["collection"], left["there"], left["faces"], left["usd_per_month"]) == ("people", True, 0, "0")
        assert run(costs, f"--month {NOW:%Y-%m}") == 0
        assert "Left over: collection people in us-east-1 with 0 faces" in capsys.readouterr().out
    (unsure,) = document(capsys, costs, "last")["collections"]  # nobody answers any more
    assert unsure["there"] is None and unsure["why"]
