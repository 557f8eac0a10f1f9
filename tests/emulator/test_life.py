"""Starting, stopping and dying: nothing the emulator started outlives it, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.cli import main
from rekscan.testing import Emulator, emulator
from tests.emulator import raw, strict
from tests.emulator.types import Photo
from tests.support.waiting import until


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()] if task.exists() else []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_server(number: int) -> None:
    with emulator("--workers", "1") as running:
        started = children(running.process.pid)
        assert len(started) == 1
        running.process.send_signal(number)
        ended = running.process.wait(30)
        assert ended == (0 if number != signal.SIGKILL else -signal.SIGKILL)
        until(lambda: not any(alive(child) for child in started), "the model processes end")


def test_a_server_stopped_while_it_loads_its_models_leaves_nothing_behind() -> None:
    command = [sys.executable, "-m", "emulator", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as starting:
        until(lambda: len(children(starting.pid)) == 2, "the model processes are started")
        started = children(starting.pid)
        starting.terminate()
        out, err = starting.communicate(timeout=60)
    assert (starting.returncode, out) == (0, "")
    assert "Traceback" not in err
    until(lambda: not any(alive(child) for child in started), "the model processes end")


def test_a_killed_model_process_costs_nobody_an_answer(alone: Emulator, photo: Photo) -> None:
    client = strict.client(alone.url)
    assert len(client.detect_faces(Image=photo("hopper.jpg"))["FaceDetails"]) == 1
    (child,) = children(alone.process.pid)
    os.kill(child, signal.SIGKILL)
    until(lambda: not alive(child), "the model process is dead")
    assert len(client.detect_faces(Image=photo("obama-speech.jpg"))["FaceDetails"]) == 1
    assert children(alone.process.pid) != [child]


def test_port_zero_is_printed_and_the_ready_file_written(tmp_path: Path) -> None:
    ready = tmp_path / "url"
    with emulator("--engine", "fixed", "--ready-file", str(ready)) as running:
        assert running.url.startswith("http://127.0.0.1:")
        until(ready.exists, "the ready file is there")
        assert ready.read_text() == running.url + "\n"


def test_a_port_in_use_is_one_line_and_exit_2(fixed: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    port = fixed.url.rpartition(":")[2]
    assert main(["--engine", "fixed", "--port", port]) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert "choose another --port" in said[0]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--quota", "lables=5"], "write one of"),
        (["--quota", "labels=many"], "--quota labels=50"),
        (["--latency", "soon"], "300ms±100"),
        (["--fault", "faces:500"], "--fault 'DetectFaces:500:1%'"),
        (["--verify-key", "AKID"], "ACCESS_KEY_ID:SECRET_ACCESS_KEY"),
        (["--workers", "1", "--gallery", "/no/such/folder"], "--gallery /no/such/folder"),
        (["--workers", "0"], "--workers 0: write a number of at least 1"),
        (["--ready-file", "/no/such/folder/url"], "make its folder first"),
        (["--data-dir", "/proc/nowhere"], "a folder that can be written"),
        (["--s3-endpoint-url", "localhost"], "write a URL"),
        (["--engine", "other"], "models"),
        (["--colour", "red"], "--help"),
        (["--port", "many"], "--help"),
    ],
)
def test_options_that_mean_nothing_say_what_to_write(options: list[str], says: str) -> None:
    command = [sys.executable, "-m", "emulator", "--port", "0", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    errors = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert says in errors[0]
    assert "Traceback" not in ended.stderr


def test_about_names_every_model_and_every_gap(capsys: pytest.CaptureFixture[str]) -> None:
    from emulator.models.catalogue import FILES

    assert main(["--about"]) == 0
    said = capsys.readouterr().out
    for model in FILES:
        assert model.file in said
        assert model.licence in said
    for gap in ("no equipment", "nobody is recognised", "violence", "AccessDeniedException"):
        assert gap in said


def test_help_has_a_line_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    assert "rekscan emulator --port 9324" in capsys.readouterr().out


def test_the_fixture_for_others_answers_and_counts(models: Emulator, photo: Photo) -> None:
    models.reset()
    client = models.client()
    client.detect_faces(Image=photo("cat.jpg"))
    assert [sum(calls.values()) for calls in models.counts()["billed"].values()] == [1]
    environment = os.environ | models.environment()
    code = "import boto3; print(boto3.client('rekognition').list_collections()['CollectionIds'])"
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("[")


def test_many_callers_at_once_each_get_their_own_answer(models: Emulator, archive: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    people = {path: path.read_bytes() for path in sorted((archive / "people").iterdir())}
    client = strict.client(models.url, max_pool_connections=16)

    def ask(path: Path) -> Any:
        return client.detect_faces(Image={"Bytes": people[path]})["FaceDetails"]

    alone = {path: ask(path) for path in people}
    with ThreadPoolExecutor(16) as threads:
        together = list(threads.map(ask, list(people) * 10))
    assert together == [alone[path] for path in list(people) * 10]


def test_the_status_lists_what_is_emulated(models: Emulator) -> None:
    status = json.loads(raw.get(models.url).body)
    assert status["ready"] is True
    assert {"DetectLabels", "IndexFaces", "SearchFacesByImage"} <= set(status["operations"])


def test_models_that_cannot_be_loaded_are_one_line_and_exit_1(tmp_path: Path) -> None:
    """A copy of the package with a broken model file."""
    import shutil

    source = Path(__file__).parents[2] / "emulator"
    ignored = shutil.ignore_patterns("photos", "__pycache__", "*.onnx")
    shutil.copytree(source, tmp_path / "emulator", ignore=ignored)
    command = [sys.executable, "-m", "emulator", "--port", "0", "--workers", "1"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "Error: a model process did not start; what it said is above"
