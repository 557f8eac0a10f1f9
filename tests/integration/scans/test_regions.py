"""--regions: one job over the quotas of several Regions. Whole scans, counted for each Region at the endpoint."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.documents import PLACES
from rekscan.cli import run as command
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import Emulator, Scan, asked_twice_is_marked, emulator, look, make_photos, tables
from tests.support.waiting import until

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
PHOTOS = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), PHOTOS)


@pytest.fixture(scope="module")
def rekognition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


def start(source: str, home: Path, rekognition: Emulator, *more: str, **env: str) -> Scan:
    words = ("scan", source, "--yes", "--shard-size", "15") if source else ()
    return Scan(
        *words, *more, "--json", "--rekognition-endpoint-url", rekognition.url, home=home, env=env,
    )  # fmt: skip


def of_each(rekognition: Emulator, what: str) -> dict[str, int]:
    """Calls in each Region, by what they are signed for."""
    return {region: sum(of[what].values()) for region, of in rekognition.regions().items() if sum(of[what].values())}


def test_calls_go_to_each_region_at_its_quota_and_everything_says_where(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    rekognition.reset()
    more = ("--api", "labels,faces", "--regions", ",".join(REGIONS), "--tps", "labels=60", "--tps", "faces=60")
    scan = start(str(photos), tmp_path / "home", rekognition, *more)
    status = scan.status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", 2 * PHOTOS)
    there = of_each(rekognition, "billed")
    assert set(there) == set(REGIONS)
    assert sum(there.values()) == 2 * PHOTOS
    assert min(there.values()) >= PHOTOS / 4  # a third each, more or less
    assert {region: of["answered"] for region, of in status["by_region"].items()} == there

    found = tables(scan.home)
    spec = found.spec()
    assert (spec["format"], spec["region"], *(one["region"] for one in spec["places"])) == (PLACES, *REGIONS)
    rows = Counter(row["place"] or REGIONS[0] for row in found.outcomes())
    assert rows == there
    regions = [row["region"] for row in found.rows("images")]
    assert {region for text in regions for region in text.split("; ")} == set(REGIONS)

    costs = look("costs", "last", home=scan.home)
    assert costs["usd"]["actual"] == costs["usd"]["planned"] == "0.12"
    actual: Counter[str] = Counter()
    for line in costs["lines"]:
        actual[line["region"]] += line["actual"]["units"]
        assert line["calls"]["ok"] == line["actual"]["units"]
    assert actual == there


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def large(photo: bytes) -> bytes:
    """Of more bytes than a call takes, within what an object may have: the same photo with long comments."""
    scan = photo.index(b"\xff\xda")
    return photo[:scan] + 90 * (b"\xff\xfe\xff\xff" + bytes(65_533)) + photo[scan:]


def test_an_object_goes_as_it_is_where_its_bucket_is_and_as_bytes_elsewhere_unless_it_is_too_large(
    photos: Path, tmp_path: Path, s3: S3Server, rekognition: Emulator
) -> None:
    objects = {f"a/{path.name}": path.read_bytes() for path in photos.iterdir()}
    heavy = [name for n, name in enumerate(sorted(objects)) if n % 3 == 0]
    objects |= {name: large(objects[name]) for name in heavy}
    bucket = s3.bucket("archive", objects, region="us-west-2")
    rekognition.reset()
    more = ("--api", "labels", "--regions", ",".join(REGIONS), "--tps", "labels=30", "--s3-endpoint-url", s3.url)
    more = (*more, "--no-fit")
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    scan = start(f"s3://{bucket}/a/", tmp_path / "home", rekognition, *more, **keys)
    assert scan.status()["calls"]["ok"] == PHOTOS
    found = tables(scan.home).outcomes()
    sent = Counter((row["place"], row["sent"]) for row in found)
    assert {place for place, way in sent if way == "s3"} == {"us-west-2"}
    assert {place for place, way in sent if way == "bytes"} >= {None, "eu-west-1"}
    assert of_each(rekognition, "objects") == {"us-west-2": sent["us-west-2", "s3"]}
    assert sent["us-west-2", "s3"] >= PHOTOS / 6
    whole = {(row["place"], row["sent"], row["fit"]) for row in found if row["item_id"] % 3 == 0}
    assert whole == {("us-west-2", "s3", None)}


def test_a_killed_scan_resumed_pays_for_no_call_twice_in_any_region(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    rekognition.reset()
    more = ("--api", "labels", "--regions", ",".join(REGIONS), "--tps", "labels=20")
    scan = start(str(photos), tmp_path / "home", rekognition, *more)
    until(lambda: rekognition.total() > PHOTOS // 3, "calls are made")
    scan.kill_everything()
    status = start("", scan.home, rekognition, "resume", "last").status()
    assert (status["state"], status["calls"]["ok"]) == ("finished", PHOTOS)
    found = tables(scan.home)
    owned = asked_twice_is_marked(found, rekognition)
    there = of_each(rekognition, "billed")
    assert set(there) == set(REGIONS)
    assert sum(there.values()) <= PHOTOS + owned
    told = {region: of["answered"] + of["maybe_billed"] for region, of in status["by_region"].items()}
    assert all(told[region] >= billed for region, billed in there.items())


def test_a_cap_is_held_over_regions_by_four_workers_while_calls_fail(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    rekognition.reset()
    rekognition.set_faults("*:500:10%", "*:truncate:10%")
    more = ("--api", "labels", "--regions", ",".join(REGIONS), "--tps", "labels=100", "--workers", "4")
    status = start(str(photos), tmp_path / "home", rekognition, *more, "--max-cost", "0.04").status()
    rekognition.set_faults()
    assert (status["state"], status["reason"]) == ("incomplete", "budget")
    billed = of_each(rekognition, "billed")
    assert set(billed) == set(REGIONS)
    assert 30 < sum(billed.values()) <= 40


def test_a_region_that_refuses_all_drains_into_the_others_and_takes_calls_again_when_it_is_well(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    rekognition.reset()
    more = ("--api", "labels", "--regions", "us-east-1,us-west-2", "--tps", "labels=8")
    scan = start(str(photos), tmp_path / "home", rekognition, *more)
    until(lambda: of_each(rekognition, "billed").get("us-west-2", 0) > 2, "both are asked")
    rekognition.set_faults("*@us-west-2:403:AccessDeniedException:100%")
    before = of_each(rekognition, "billed")["us-west-2"]
    without = until(lambda: look("status", "last", home=scan.home)["without"], "it is told")
    assert without.startswith("us-west-2, which is not well (labels@us-west-2: ")
    asked = of_each(rekognition, "calls")["us-west-2"]
    rekognition.set_faults()
    until(lambda: of_each(rekognition, "billed")["us-west-2"] > before + 1, "it is asked again")
    status = scan.status()
    assert (status["state"], status["calls"]["ok"], status["without"]) == ("finished", PHOTOS, "")
    assert sum(of_each(rekognition, "billed").values()) == PHOTOS
    assert asked - before <= 24


def test_a_region_is_left_out_for_what_it_lacks_a_retry_goes_anywhere_and_what_is_known_is_not_asked_again(
    photos: Path, tmp_path: Path, rekognition: Emulator
) -> None:
    few, stockholm = "ca-central-1", "eu-north-1"  # faces alone, and nothing
    rekognition.reset()
    rekognition.set_faults(f"DetectFaces@{few}:400:ImageTooLargeException:100%")
    more = (
        "--api",
        "labels,faces",
        "--regions",
        f"us-east-1,{stockholm},{few}",
        "--tps",
        "labels=99",
        "--tps",
        "faces=50",
    )
    scan = start(str(photos), tmp_path / "home", rekognition, *more)
    status = scan.status()
    rekognition.set_faults()
    failed = status["by_api"]["faces"]["failed"]
    assert (status["state"], status["by_api"]["labels"]["ok"]) == ("finished", PHOTOS)
    assert PHOTOS / 4 <= failed < PHOTOS
    calls = {region: of["calls"] for region, of in rekognition.regions().items()}
    assert calls == {
        "us-east-1": {"DetectLabels": PHOTOS, "DetectFaces": PHOTOS - failed}, few: {"DetectFaces": failed},
    }  # fmt: skip
    spec = tables(scan.home).spec()
    assert [(place["name"], list(place["quotas"])) for place in spec["places"]] == [(few, ["DetectFaces"])]
    assert f"Left out: {stockholm} is not in the list of Regions" in " ".join(spec["plan"]["assumptions"])

    status = start("", scan.home, rekognition, "retry", "last").status()
    assert (status["calls"]["ok"], status["calls"]["failed"]) == (2 * PHOTOS, 0)
    again = of_each(rekognition, "billed")
    assert sum(again.values()) == 2 * PHOTOS
    assert (
        min(again[few], again["us-east-1"] - (2 * PHOTOS - failed)) >= failed / 5
    )  # in both, wherever they had failed

    before = rekognition.total()
    status = start(str(photos), scan.home, rekognition, *more).status()
    assert (status["state"], status["calls"]["ok"], status["usd"]["actual"]) == ("finished", 2 * PHOTOS, "0")
    assert rekognition.total() == before


def test_what_cannot_be_asked_together_is_refused_in_the_same_words_before_and_at_a_scan(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    picture, labels = str(next(photos.iterdir())), ("--api", "labels")
    for words, says in (
        (
            ("--api", f"compare-faces:source={picture}", "--regions", "us-east-1,us-west-2"),
            "in one Region of one account alone",
        ),
        ((*labels, "--regions", "us-east-1,us-east-1"), "us-east-1 is there twice"),
        ((*labels, "--regions", "us-east-1,"), "a name is missing"),
        ((*labels, "--regions", "us-east-1,us-esat-1"), "AWS has no Region 'us-esat-1'"),
        ((*labels, "--regions", "us-east-1,cn-north-1"), "cn-north-1 is in another partition of AWS (aws-cn)"),
        ((*labels, "--regions", "eu-north-1,us-east-1"), "Name another one first, as us-east-1"),
        ((*labels, "--regions", "us-east-1,us-west-2", "--local"), "the bundled emulator"),
        ((*labels, "--profile", "nope,nada", "--region", "us-east-1"), "The config profile (nope) could not be found"),
        ((*labels, "--profile", "nope", "--region", "us-east-1"), "The config profile (nope) could not be found"),
    ):
        told = set()
        for asking in (("scan", "--dry-run"), ("estimate",)):
            code = command([*asking, str(photos), *words, "--home", str(tmp_path / "home")])
            told.add((code, " ".join(capsys.readouterr().err.split())))
        ((code, said),) = told
        assert code == 2
        assert says in said
