"""--profile a,b: one job over the quotas of several accounts."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from jobs.errors import RekscanError, UsageError
from jobs.places import Place
from rekscan.scans.places import in_places, same_accounts, with_accounts
from rekscan.settings import Settings, resolve
from tests.support.scans import Scan, emulator, look, make_photos, tables

PHOTOS = 30


def profiles(folder: Path, **keys: tuple[str, ...]) -> dict[str, str]:
    """A credentials file with these profiles, and the environment that names it."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    text = "".join(
        f"[{name}]\n" + "".join(f"{what} = {value}\n" for what, value in zip(names, some, strict=False))
        for name, some in keys.items()
    )
    (folder / "credentials").write_text(text)
    return {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"), "AWS_CONFIG_FILE": str(folder / "none")}


def test_calls_go_to_each_account_which_has_its_own_quota_and_tiers(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", PHOTOS)
    env = profiles(tmp_path, work=("AKIDWORK", "one"), archive=("AKIDARCHIVE", "two"))
    with emulator(tmp_path) as rekognition:
        scan = Scan(
            "scan", str(photos), "--api", "labels", "--yes", "--json", "--shard-size", "10", "--tps", "labels=30",
            "--profile", "work,archive", "--rekognition-endpoint-url", rekognition.url, home=tmp_path / "home", env=env,
        )  # fmt: skip
        status = scan.status()
        asked = rekognition.keys()
        where = f"endpoint:{rekognition.url.removeprefix('http://')}"
    assert status["calls"]["ok"] == PHOTOS == sum(asked.values())
    assert min(asked["AKIDWORK"], asked["AKIDARCHIVE"]) >= PHOTOS / 4
    found = tables(scan.home)
    accounts = Counter(row["account"] for row in found.rows("images"))
    assert accounts == {where: asked["AKIDWORK"], f"{where}/archive": asked["AKIDARCHIVE"]}
    assert {name: of["answered"] for name, of in status["by_region"].items()} == {
        "us-east-1": asked["AKIDWORK"], "us-east-1/archive": asked["AKIDARCHIVE"],
    }  # fmt: skip
    lines = look("costs", "last", home=scan.home)["lines"]
    assert {line["account"]: line["actual"]["units"] for line in lines} == accounts


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Three profiles: two of one account, one of another."""
    with mock_aws(config={"core": {"mock_credentials": False}}):
        keys = {}
        for name, account in (("a", "1" * 12), ("b", "2" * 12), ("c", "1" * 12)):
            sts = boto3.client("sts", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
            role = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/it", RoleSessionName="it")["Credentials"]
            keys[name] = (role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in profiles(tmp_path, **keys).items():
            monkeypatch.setenv(name, value)
        yield


def test_an_account_is_told_by_sts_and_two_profiles_of_one_are_refused(accounts: None) -> None:
    settings, places = in_places(resolve(None, profile="a,b"), ("us-east-1", "us-west-2"))
    assert [(place.name, place.profile) for place in places] == [
        ("us-west-2", None), ("us-east-1/b", "b"), ("us-west-2/b", "b"),
    ]  # fmt: skip
    found = with_accounts(places, settings, "us-east-1")
    assert [place.account for place in found] == ["1" * 12, "2" * 12, "2" * 12]
    same_accounts(found, settings)
    with pytest.raises(RekscanError, match=r"asks in the account 3+, and the profile b is of 2+"):
        same_accounts([replace(found[1], account="3" * 12)], settings)
    settings, places = in_places(resolve(None, profile="a,c"), (), "us-east-1")
    assert places == (Place("us-east-1/c", "us-east-1", profile="c"),)
    with pytest.raises(UsageError, match=r"c and a.* are of one account, 1+, which has one quota"):
        with_accounts(places, settings, "us-east-1")


@pytest.mark.parametrize(
    ("text", "says"), [("a,", "not profiles"), ("a,b c", "not profiles"), ("b,a,b", "b is there twice")]
)
def test_what_names_no_profiles_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=rf"^--profile \(REKSCAN_PROFILE\): {says}"):
        resolve(None, profile=text)
    assert Settings(profile="my profile").profiles == ("my profile",)
