"""The command line's own promises: every command has help with a line to paste, and is in the README."""

from pathlib import Path

import pytest

from rekscan.cli import COMMANDS, run
from tests.support.places import ROOT


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_help_has_a_line_to_paste(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count(f"rekscan {name}") >= 2  # the usage line, and an example


def test_the_list_of_commands_says_what_each_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert "Price and duration of a scan" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    readme = (ROOT / "README.md").read_text()
    assert f"`{name}`" in readme or f"rekscan {name}" in readme


@pytest.mark.parametrize(
    "words",
    [["nonsense"], ["scan"], ["scan", ".", "--api", "lables"], ["scan", ".", "--api", "labels:min_confidence=500"],
     ["status", "../x"], ["worker"], ["submit", ".", "--api", "labels"], ["scan", ".", "--api", "labels", "--bogus"]],
)  # fmt: skip
def test_what_cannot_be_meant_is_a_usage_error_with_what_to_do(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REKSCAN_REDIS_URL", raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert run(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error:")
    assert len(said.err.splitlines()) >= 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--images", "1e6"], '--images: unable to convert "1e6" into a whole number, as 1000000'),
        (["--start", "2026-13-01"], '--start: unable to convert "2026-13-01" into a day, as 2026-12-01'),
        (["--days", "many"], '--days: unable to convert "many" into a number, as 25'),
        (["--imagse", "3"], "Unknown option: --imagse. Did you mean --images?"),
    ],
)
def test_a_value_that_is_none_says_what_is_accepted(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["estimate", "--api", "labels", *words]) == 2
    assert says in capsys.readouterr().err


def test_hours_that_are_none_say_what_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["quotas", "--request", "--images", "100", "--api", "labels", "--within", "abc"]) == 2
    assert '--within: unable to convert "abc" into a number, as 25' in capsys.readouterr().err


def test_doctor_says_which_way_calls_go_and_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("REKSCAN_REDIS_URL", raising=False)
    words = ["doctor", "--rekognition-endpoint-url", "http://127.0.0.1:9"]
    run(words)
    assert "ok   transport    lean\n" in capsys.readouterr().out
    monkeypatch.setenv("REKSCAN_WIRE", "boto3")
    run(words)
    assert "ok   transport    boto3's own, because REKSCAN_WIRE=boto3 is set\n" in capsys.readouterr().out


def test_no_network_is_not_told_as_refused_credentials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_MAX_ATTEMPTS", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("REKSCAN_REDIS_URL", raising=False)
    assert run(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "FAIL aws          cannot reach the endpoint" in said
    assert "FAIL s3           no network: the proxy does not answer" in said
    assert "FAIL rekognition  no network: the proxy does not answer" in said
    assert "does not accept the credentials" not in said
