"""One object of many is refused: it is a failed row that says what was missing, and its mates are answered."""

from pathlib import Path
from typing import Any

from tests.support.refusing_s3 import Refusal, refusing_s3
from tests.support.scans import Emulator, Scan, emulator, make_photos, tables
from workers.calls.streak import ENOUGH

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
DENIED: Refusal = (403, "AccessDenied", "Access Denied")
NO_KEY: Refusal = (
    403,
    "AccessDenied",
    "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:k",
)


def objects(tmp_path: Path, count: int) -> dict[str, bytes | Refusal]:
    photos = sorted(make_photos(tmp_path / "made", count).iterdir())
    return {f"archive/{path.name}": path.read_bytes() for path in photos}


def scan(stored: dict[str, bytes | Refusal], tmp_path: Path, rekognition: Emulator, s3: str, *more: str) -> Scan:
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"s3://{name}\n" for name in stored))
    return Scan(
        "scan", str(listed), "--api", "labels", "--yes", "--json", "--s3-endpoint-url", s3,
        "--rekognition-endpoint-url", rekognition.url, *more, home=tmp_path / "home",
        env=KEYS,
    )  # fmt: skip


def failures(tmp_path: Path) -> dict[str, dict[str, Any]]:
    return {row["uri"]: row for row in tables(tmp_path / "home").rows("failures")}


def test_an_object_that_is_denied_and_a_bucket_that_is_not_there_are_failed_rows(tmp_path: Path) -> None:
    stored = objects(tmp_path, 4)
    stored |= {"archive/a.jpg": DENIED, "archive/k.jpg": NO_KEY, "gone/b.jpg": (404, "NoSuchBucket", "not there")}
    with refusing_s3(stored) as s3, emulator(tmp_path, "--s3-endpoint-url", s3) as rekognition:
        code, out = scan(stored, tmp_path, rekognition, s3).wait()
    assert (code, '"state": "finished"' in out) == (3, True), out
    found = failures(tmp_path)
    assert {uri: (row["outcome"], row["code"]) for uri, row in found.items()} == {
        "s3://archive/a.jpg": ("failed", "AccessDenied"),
        "s3://archive/k.jpg": ("failed", "AccessDenied"),
        "s3://gone/b.jpg": ("failed", "NoSuchBucket"),
    }
    assert "s3://archive/a.jpg" in found["s3://archive/a.jpg"]["message"]
    assert "s3:GetObject," in found["s3://archive/a.jpg"]["message"]
    assert "missing: kms:Decrypt" in found["s3://archive/k.jpg"]["message"]


def test_denials_and_no_answer_at_the_start_stop_the_job_and_resume_finds_every_call_open(tmp_path: Path) -> None:
    pictures = objects(tmp_path, ENOUGH + 5)
    stored: dict[str, bytes | Refusal] = dict.fromkeys(pictures, DENIED)
    with refusing_s3(stored) as s3, emulator(tmp_path, "--s3-endpoint-url", s3) as rekognition:
        code, out = scan(stored, tmp_path, rekognition, s3).wait()
        assert (code, '"state": "blocked"' in out, "s3:GetObject" in out) == (4, True, True), out
        assert rekognition.total() == 0
        stored |= pictures
        status = Scan("resume", "last", "--json", home=tmp_path / "home", env=KEYS).status()
    assert (status["state"], status["calls"]["ok"], status["calls"]["failed"]) == ("finished", ENOUGH + 5, 0)


def test_rekognitions_own_refusal_of_one_object_is_a_failed_row_with_its_name(tmp_path: Path) -> None:
    stored = objects(tmp_path, 4)
    fault = "DetectLabels:400:InvalidS3ObjectException:1"
    with refusing_s3(stored) as s3, emulator(tmp_path, "--s3-endpoint-url", s3, "--fault", fault) as rekognition:
        code, out = scan(stored, tmp_path, rekognition, s3).wait()
    assert (code, '"state": "finished"' in out) == (3, True), out
    ((uri, row),) = failures(tmp_path).items()
    assert (row["outcome"], row["code"], row["attempts"]) == ("failed", "InvalidS3ObjectException", 1)
    assert uri in row["message"]
    assert "s3:GetObject" in row["message"]
