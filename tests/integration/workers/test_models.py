"""Models of a cluster: whoever finds that no job works with one stops it, and only what a job has started."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from jobs.apis import parse
from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec
from jobs.folder.models import ModelStart, model_runs, open_runs, write_start
from jobs.ledger import Ledger
from jobs.ledger.models import Models, Running
from jobs.planned import PlanDocument
from rekscan.scans.models import models_stopped, stop_left
from rekscan.scans.models_left import ModelLeft
from rekscan.settings import resolve
from rekscan.testing import Emulator as Client
from tests.support.redis import RedisServer
from tests.support.scans import Emulator, Scan, emulator, look, make_photos, workers
from tests.support.waiting import until
from workers.config import connect
from workers.models import ModelKeeper

ARN = "arn:aws:rekognition:us-east-1:000000000000:project/logos/version/v1/1767225600000"
JOB, OTHER = "20261128-000000-aaaa", "20261128-000001-bbbb"


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with emulator(tmp_path_factory.mktemp("emulator"), "--custom-model", "logos/v1=cat") as running:
        yield running


@pytest.fixture
def aws(lasting: Emulator) -> Iterator[Any]:
    client = Client(lasting.url, lasting.process).client()  # type: ignore[arg-type]
    yield client
    if status(client) == "RUNNING":
        client.stop_project_version(ProjectVersionArn=ARN)


def status(client: Any) -> str:
    asked = {"ProjectArn": ARN.replace("version/v1/", ""), "VersionNames": ["v1"]}
    return str(client.describe_project_versions(**asked)["ProjectVersionDescriptions"][0]["Status"])


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    found = JobFolder(str(tmp_path), JOB)
    apis = parse([f"custom-labels:project_version_arn={ARN}"])
    found.create(
        JobSpec(
            JOB, "2026-11-28T00:00:00+00:00", ("s3://b",), apis, "us-east-1", "1", 2, 2, {}, PlanDocument(),
            {"source": "", "as_of": "", "meters": {}},
        )
    )  # fmt: skip
    return found


@pytest.fixture
def keeper(redis: Redis) -> ModelKeeper:
    return ModelKeeper(Ledger(redis), lambda _: Aws(region="us-east-1"))


def running(folder: JobFolder, start: ModelStart, lasting: Emulator, hour: int | None = None) -> Running:
    where = (folder.home, None, "us-east-1", lasting.url)
    return Running(ARN, JOB, *where, start.number, start.at, hour_nanousd=hour)


def started(folder: JobFolder, keeper: ModelKeeper, lasting: Emulator) -> Running:
    """What is on record when a start is about to be sent."""
    found = running(folder, write_start(folder, "custom-labels", ARN, 1), lasting)
    keeper.models.put(found)
    return found


def test_a_start_that_was_never_sent_is_found_and_closed(
    folder: JobFolder, keeper: ModelKeeper, lasting: Emulator, aws: Any
) -> None:
    started(folder, keeper, lasting)
    assert keeper.round() == []
    (run,) = model_runs(folder)
    assert run.stop is not None and not run.stop.sent
    assert keeper.models.running() == []


def test_one_that_aws_does_not_let_us_stop_is_told_and_tried_again(
    folder: JobFolder, keeper: ModelKeeper, lasting: Emulator, aws: Any
) -> None:
    started(folder, keeper, lasting)
    aws.start_project_version(ProjectVersionArn=ARN, MinInferenceUnits=1)
    lasting.set_faults("StopProjectVersion:400:AccessDeniedException:1")
    (left,) = keeper.round()
    assert left.trouble is not None and "AccessDenied" in left.trouble.what
    assert (status(aws), len(open_runs(folder))) == ("RUNNING", 1)
    assert keeper.round() == []
    assert (status(aws), open_runs(folder)) == ("STOPPED", [])


def test_one_is_stopped_by_its_folder_where_redis_is_gone(
    folder: JobFolder, lasting: Emulator, aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", lasting.url)
    nobody = Ledger(connect(f"unix://{tmp_path}/nobody.sock"))
    with models_stopped(nobody, folder, resolve(None)):
        write_start(folder, "custom-labels", ARN, 1)
        aws.start_project_version(ProjectVersionArn=ARN, MinInferenceUnits=1)
    assert (status(aws), open_runs(folder)) == ("STOPPED", [])


def test_one_that_two_jobs_ask_runs_until_the_last_of_them_is_over(
    folder: JobFolder, keeper: ModelKeeper, lasting: Emulator, aws: Any, redis: Redis
) -> None:
    ledger = Ledger(redis)
    for job in (JOB, OTHER):
        keeper.models.want(job, [ARN])
        ledger.open(job, home=folder.home, shards=[0], fields={"shards_done": 0})
    started(folder, keeper, lasting)
    aws.start_project_version(ProjectVersionArn=ARN, MinInferenceUnits=1)
    ledger.set_state(JOB, "paused")
    keeper.round()
    assert (status(aws), keeper.models.users(ARN)) == ("RUNNING", [OTHER])
    lease = ledger.lease(OTHER, 0)
    ledger.set_state(OTHER, "blocked")
    keeper.round()
    assert status(aws) == "RUNNING"  # a call may be under way
    ledger.release(lease)  # type: ignore[arg-type]
    keeper.round()
    assert (status(aws), open_runs(folder)) == ("STOPPED", [])


def test_what_a_dead_job_has_left_is_not_stopped_under_another(
    folder: JobFolder, keeper: ModelKeeper, aws: Any, redis: Redis, lasting: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, settings = Ledger(redis), resolve(None, endpoint_url=lasting.url)
    aws.start_project_version(ProjectVersionArn=ARN, MinInferenceUnits=1)
    left = ModelLeft(JOB, write_start(folder, "custom-labels", ARN, 1), None)
    keeper.models.want(OTHER, [ARN])
    ledger.open(OTHER, home=folder.home, shards=[0], fields={"shards_done": 0})
    with pytest.raises(RekscanError, match=f"job {OTHER} works with the model"):
        stop_left(settings, folder, left, ledger)
    assert (status(aws), len(open_runs(folder))) == ("RUNNING", 1)
    ledger.set_state(OTHER, "paused")
    assert keeper.round() == []
    assert (status(aws), open_runs(folder)) == ("STOPPED", [])


def test_hours_over_the_cap_end_a_job_that_makes_no_call(
    folder: JobFolder, keeper: ModelKeeper, lasting: Emulator, redis: Redis
) -> None:
    ledger = Ledger(redis)
    keeper.models.want(JOB, [ARN])
    ledger.open(JOB, home=folder.home, shards=[0], fields={"shards_done": 0, "cap": 100, "cost": 40})
    start = write_start(folder, "custom-labels", ARN, 1)
    for hour, state in ((5_000, "running"), (9_000, "incomplete")):  # for 30 s: 41 and 75 nanodollars
        keeper.models.put(running(folder, start, lasting, hour))
        keeper.round()
        assert ledger.state(JOB) == state
    assert ledger.fields(JOB)["reason"] == "budget"


def test_a_worker_stops_the_model_of_a_job_that_nobody_follows(
    tmp_path: Path,
    lasting: Emulator,
    aws: Any,
    redis_server: RedisServer,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos, home = make_photos(tmp_path / "photos", 60), tmp_path / "home"
    env = {"REKSCAN_REDIS_URL": redis_server.url, "REKSCAN_LEASE_SECONDS": "2"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    words = ["--api", f"custom-labels:project_version_arn={ARN}", "--yes", "--shard-size", "10", "--tps"]
    where = ["custom-labels=10", "--rekognition-endpoint-url", lasting.url]
    with workers(1, tmp_path, env):
        assert Scan("submit", str(photos), *words, *where, home=home).wait()[0] == 0
        until(lambda: lasting.counts().get("DetectCustomLabels"), "calls are made")
        assert status(aws) == "RUNNING"
        look("pause", "last", home=home)
        until(lambda: status(aws) == "STOPPED", "the model has stopped")
        until(lambda: not Models(Ledger(redis)).running(), "it is forgotten")
    (job,) = home.glob("*/job.json")
    assert open_runs(JobFolder(str(home), job.parent.name)) == []
