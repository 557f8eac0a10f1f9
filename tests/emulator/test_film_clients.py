"""Stored video, all fourteen operations, by clients nobody here wrote: the AWS CLI and the AWS SDK for JavaScript."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.operations.video import KINDS
from rekscan.testing import Emulator, emulator
from tests.emulator.clients import aws_cli, javascript_sdk
from tests.emulator.strict import check_answer

FILM = {"Video": {"S3Object": {"Bucket": "archive", "Name": "film-90s.mp4"}}}
MORE: dict[str, dict[str, Any]] = {
    "FaceSearch": {"CollectionId": "people"},
    "SegmentDetection": {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
}
ASKED = {
    "kinds": [[kind.subject, FILM | MORE.get(kind.subject, {})] for kind in KINDS],
    "token": FILM | {"ClientRequestToken": "taken"},
    "same": FILM | {"ClientRequestToken": "taken", "JobTag": "another"},
}
REFUSED = {
    "nobody": "ResourceNotFoundException",
    "forged": "InvalidPaginationTokenException",
    "taken": "IdempotentParameterMismatchException",
}

# Each prints the two pages it read of each kind, and the names of the errors it met. The CLI runs in one process, as a
# start of it takes a second.
COMMANDS = r"""
import contextlib, io, json, re, sys
from awscli.clidriver import create_clidriver

def ask(operation, **asked):
    out = io.StringIO()
    name = re.sub("(?<!^)(?=[A-Z])", "-", operation).lower()
    words = ["rekognition", name, "--cli-input-json", json.dumps(asked), "--output", "json"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = create_clidriver().main(words)
    return re.search(r"\((\w+)\)", out.getvalue())[1] if code else json.loads(out.getvalue())

asked, said = json.loads(sys.argv[1]), {}
for subject, start in asked["kinds"]:
    job = ask("Start" + subject, **start)["JobId"]
    first = ask("Get" + subject, JobId=job, MaxResults=10)
    said[subject] = [first, ask("Get" + subject, JobId=job, NextToken=first["NextToken"])]
job = ask("StartLabelDetection", **asked["token"])["JobId"]
refused = {
    "nobody": ask("GetTextDetection", JobId=job),
    "forged": ask("GetLabelDetection", JobId=job, NextToken="forged"),
    "taken": ask("StartLabelDetection", **asked["same"]),
}
print(json.dumps({"pages": said, "refused": refused}))
"""
PROGRAM = """
import * as sdk from "@aws-sdk/client-rekognition";

const client = new sdk.RekognitionClient({ endpoint: process.env.AWS_ENDPOINT_URL_REKOGNITION, maxAttempts: 1 });
const ask = (operation, asked) => client.send(new sdk[operation + "Command"](asked));
const refusal = async (operation, asked) => {
  try {
    return await ask(operation, asked);
  } catch (error) {
    return error instanceof sdk[error.name] ? error.name : String(error);
  }
};
const asked = JSON.parse(process.argv[2]), pages = {};
for (const [subject, start] of asked.kinds) {
  const { JobId } = await ask("Start" + subject, start);
  const first = await ask("Get" + subject, { JobId, MaxResults: 10 });
  pages[subject] = [first, await ask("Get" + subject, { JobId, NextToken: first.NextToken })];
}
const { JobId } = await ask("StartLabelDetection", asked.token);
const refused = {
  nobody: await refusal("GetTextDetection", { JobId }),
  forged: await refusal("GetLabelDetection", { JobId, NextToken: "forged" }),
  taken: await refusal("StartLabelDetection", asked.same),
};
console.log(JSON.stringify({ pages, refused }));
"""


@pytest.fixture
def fixed() -> Iterator[Emulator]:
    with emulator("--engine", "fixed") as running:
        yield running


def said_by(fixed: Emulator, tmp_path: Path, *command: str | Path) -> dict[str, Any]:
    environment = os.environ | fixed.environment() | {"AWS_CONFIG_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1"}
    ended = subprocess.run(
        [*map(str, command), json.dumps(ASKED)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


def is_all_there(said: dict[str, Any], fixed: Emulator) -> None:
    """Each kind was started, read on from its first page to its end, and paid once; each error had its name."""
    assert said["refused"] == REFUSED
    for kind in KINDS:
        first, second = said["pages"][kind.subject]
        for page in (first, second):
            page.pop("$metadata", None)
            check_answer(kind.get, page)
            assert page["JobStatus"] == "SUCCEEDED"
        assert (len(first[kind.results]), bool(second[kind.results]), "NextToken" in second) == (10, True, False)
    billed = fixed.counts()["billed"]
    assert {name: sum(films.values()) for name, films in billed.items()} == {
        kind.start: 1 + (kind.subject == "LabelDetection") for kind in KINDS
    }


def test_the_aws_cli_starts_and_reads_every_kind_of_film_job(fixed: Emulator, tmp_path: Path) -> None:
    is_all_there(said_by(fixed, tmp_path, aws_cli().parent / "python", "-c", COMMANDS), fixed)


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node on this machine; CI has it")
def test_the_sdk_for_javascript_starts_and_reads_every_kind_of_film_job(fixed: Emulator, tmp_path: Path) -> None:
    node, folder = javascript_sdk()
    (folder / "films.mjs").write_text(PROGRAM)
    is_all_there(said_by(fixed, tmp_path, node, folder / "films.mjs"), fixed)
