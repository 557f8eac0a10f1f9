"""docs/permissions.md names what S3 and Rekognition are asked, and nothing that they are not."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from jobs.apis import catalogue
from rekscan.cli import run
from rekscan.permissions import COMMANDS, HOME, SOURCES, STAGE, Need, needs_of
from tests.support.film_scans import SOON
from tests.support.films import film
from tests.support.s3_gateway import Asked, Gateway, s3_gateway
from tests.support.s3_server import S3Server, s3_server
from tests.support.scans import emulator, make_photos

KEYS = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# A bucket of its own for each kind of source.
KINDS = {
    "prefix": "`s3://bucket/prefix`",
    "inventory": "an S3 Inventory",
    "ids": "an S3 Inventory with version ids",
    "listed": "a list file on S3",
    "named": "a list on this machine, of objects on S3",
    "versions": "`s3://bucket/prefix` with `--versions`",
}


def action(asked: Asked) -> tuple[str, str]:
    """(bucket, IAM action) of a request. Source: "Actions defined by Amazon S3", Service Authorization Reference."""
    place = urlsplit(asked.path)
    bucket, _, key = place.path.lstrip("/").partition("/")
    query = parse_qs(place.query, keep_blank_values=True)
    method = "GET" if asked.method == "HEAD" else asked.method
    if not key and query.keys() & {"uploads", "lifecycle"}:
        return bucket, "s3:ListBucketMultipartUploads" if "uploads" in query else "s3:GetLifecycleConfiguration"
    if "uploadId" in query and method == "DELETE":
        return bucket, "s3:AbortMultipartUpload"
    if not key and method == "GET":
        return bucket, "s3:ListBucketVersions" if "versions" in query else "s3:ListBucket"
    version = "Version" if "versionId" in query else ""
    if not key or method == "DELETE":
        return bucket, f"s3:DeleteObject{version}"
    return bucket, f"s3:GetObject{version}" if method == "GET" else "s3:PutObject"


def used(gateway: Gateway, bucket: str) -> set[str]:
    return {what for place, what in map(action, gateway.asked) if place == bucket}


def actions(needs: tuple[Need, ...]) -> set[str]:
    return {need.action for need in needs}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        server.bucket("homes", {})
        yield server


def stored(s3: S3Server, bucket: str, photos: list[Path]) -> dict[str, str]:
    """A bucket of photos: version by key."""
    client = s3.client()
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return {
        path.name: client.put_object(Bucket=bucket, Key=path.name, Body=path.read_bytes())["VersionId"]
        for path in photos
    }


def inventory(s3: S3Server, bucket: str, schema: str, lines: list[str]) -> str:
    client = s3.client()
    manifest = {
        "sourceBucket": bucket, "destinationBucket": f"arn:aws:s3:::{bucket}", "version": "2016-11-30",
        "fileFormat": "CSV", "fileSchema": schema, "files": [{"key": "data.csv.gz", "size": 1}],
    }  # fmt: skip
    client.put_object(Bucket=bucket, Key="data.csv.gz", Body=gzip.compress("\n".join(lines).encode()))
    client.put_object(Bucket=bucket, Key="manifest.json", Body=json.dumps(manifest).encode())
    return f"s3://{bucket}/manifest.json"


def named(bucket: str, keys: dict[str, str]) -> str:
    return "".join(f"s3://{bucket}/{key}\n" for key in keys)


def test_a_scan_asks_s3_for_what_its_sources_and_its_home_need_and_for_nothing_else(
    s3: S3Server, tmp_path: Path
) -> None:
    photos = sorted(make_photos(tmp_path / "made", 2 * len(KINDS)).iterdir())  # all differ, or fewer would be read
    keys = {bucket: stored(s3, bucket, photos[2 * at : 2 * at + 2]) for at, bucket in enumerate(KINDS)}
    (tmp_path / "list.txt").write_text(named("named", keys["named"]))
    s3.client().put_object(Bucket="listed", Key="list.txt", Body=named("listed", keys["listed"]).encode())
    ids = [f'"ids","{key}","{version}"' for key, version in keys["ids"].items()]
    sources = [
        str(make_photos(tmp_path / "here", 1)),
        "s3://prefix/photo",
        inventory(s3, "inventory", "Bucket, Key", [f'"inventory","{key}"' for key in keys["inventory"]]),
        inventory(s3, "ids", "Bucket, Key, VersionId", ids),
        "s3://listed/list.txt",
        str(tmp_path / "list.txt"),
    ]
    with s3_gateway(s3.url) as gateway, emulator(tmp_path, "--s3-endpoint-url", gateway.url) as rekognition:
        urls = ["--s3-endpoint-url", gateway.url, "--rekognition-endpoint-url", rekognition.url]
        rekscan("scan", *sources, "--api", "labels", "--home", f"s3://homes/{tmp_path.name}", "--yes", *urls)
        assert set(rekognition.counts()) == {"DetectLabels"} == set(needs_of(catalogue()["labels"]))
        home = ["--home", str(tmp_path / "home")]
        rekscan("scan", "s3://versions/photo", "--versions", "--api", "labels", *home, "--yes", *urls)
    assert {kind: used(gateway, bucket) for bucket, kind in KINDS.items()} == {
        kind: actions(SOURCES[kind]) for kind in KINDS.values()
    }
    assert set(SOURCES) - set(KINDS.values()) == {"a directory, a list of paths or URLs"}
    assert used(gateway, "homes") == actions(HOME)
    assert {bucket for bucket, _ in map(action, gateway.asked)} == {"homes", *KINDS}


def test_a_stage_is_asked_for_what_is_named_and_for_nothing_else(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in SOON.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "film.mp4").write_bytes(data := film(rate=25, frames=25))
    key = f"to/{sha256(data).hexdigest()}.mp4"
    s3.client().create_multipart_upload(Bucket=s3.bucket("stage", {}), Key=key)  # somebody was killed
    home = ["--home", str(tmp_path / "home")]
    with s3_gateway(s3.url) as gateway, emulator(tmp_path) as rekognition:
        urls = ["--s3-endpoint-url", gateway.url, "--rekognition-endpoint-url", rekognition.url]
        films = [str(tmp_path / "film.mp4"), "--api", "video-labels", "--stage", "s3://stage/to"]
        rekscan("scan", *films, *home, "--yes", *urls)
        assert used(gateway, "stage") == actions(STAGE)
        run(["doctor", *home, *urls])
    assert "s3://stage/to/: nothing lies there; no lifecycle deletes" in " ".join(capsys.readouterr().out.split())
    assert used(gateway, "stage") == actions(STAGE) | actions(COMMANDS["`doctor`, of a stage"])


def test_an_estimate_lists_and_reads_no_object(s3: S3Server, tmp_path: Path) -> None:
    stored(s3, "archive", sorted(make_photos(tmp_path / "made", 2).iterdir()))
    with s3_gateway(s3.url) as gateway:
        rekscan("estimate", "s3://archive/photo", "--api", "labels", "--s3-endpoint-url", gateway.url)
    assert used(gateway, "archive") == {"s3:ListBucket"}


def test_collections_ask_rekognition_for_what_is_named_and_for_nothing_else(tmp_path: Path) -> None:
    photos = [str(make_photos(tmp_path / "photos", 1)), "--yes", "--home", str(tmp_path / "home")]
    with emulator(tmp_path) as rekognition:

        def asked(*words: str) -> set[str]:
            before = {operation: sum(by.values()) for operation, by in rekognition.counts().items()}
            rekscan(*words, "--rekognition-endpoint-url", rekognition.url)
            return {
                f"rekognition:{name}"
                for name, by in rekognition.counts().items()
                if sum(by.values()) > before.get(name, 0)
            }

        made = asked("scan", *photos, "--api", "index-faces:collection=people,create=true")
        assert made == of("index-faces", but="unless")
        assert asked("scan", *photos, "--api", "search-faces:collection=people") == of("search-faces", but="with")
        for command in ("list", "describe NAME --faces", "delete NAME"):
            words = [*command.replace("NAME", "people").split(), *(["--yes"] if "delete" in command else [])]
            assert asked("collections", *words) == actions(COMMANDS[f"`collections {command}`"])


def of(api: str, *, but: str) -> set[str]:
    """What an API needs, without that whose condition begins so."""
    needs = needs_of(catalogue()[api])
    return {f"rekognition:{operation}" for operation, when in needs.items() if not when.startswith(but)}


def rekscan(*words: str) -> None:
    """A scan in processes of its own, what needs none here."""
    if words[0] != "scan":
        assert run(list(words)) == 0
        return
    done = subprocess.run([sys.executable, "-m", "rekscan", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
