"""What a worker makes of a stage: films as AWS finds them, and trouble told apart."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.aws.faults import Kind, Told
from jobs.folder.films import FilmItem, pinned
from jobs.media.check import Skip
from jobs.stage.bucket import StageBucket
from jobs.stage.names import Stage
from tests.support.films import film
from tests.support.s3_server import S3Server, s3_server
from workers.gate.gate import Stopped
from workers.videos.staging import Staging

ONE = film()


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def staging(s3: S3Server) -> Iterator[Staging]:
    of = Staging(StageBucket(Stage.parse(f"s3://{s3.bucket(f'stage-{uuid4().hex}', {})}/"), s3.client()), "job")
    yield of
    of.close()


def here(path: Path, data: bytes = ONE) -> FilmItem:
    path.write_bytes(data)
    return FilmItem(7, str(path), len(data), pinned(str(path)), 1000, 1000, "mp4", "h264")


def placed(staging: Staging, one: FilmItem) -> FilmItem | Skip:
    return asyncio.run(staging.place(one, threading.Event()))


def test_all_apis_of_a_film_ask_about_one_object(staging: Staging, tmp_path: Path) -> None:
    one = here(tmp_path / "a.mp4")

    async def both() -> list[FilmItem | Skip]:
        return await asyncio.gather(*(staging.place(one, threading.Event()) for _ in range(2)))

    first, second = asyncio.run(both())
    assert isinstance(first, FilmItem) and first == second
    assert (
        first.uri.startswith(staging.place_in.stage.uri) and first.content == f"sha256:{first.uri.rpartition('/')[2]}"
    )
    assert (first.version, first.etag, first.item_id) == (None, None, 7)
    found = staging.place_in.client.list_objects_v2(Bucket=staging.place_in.stage.bucket)
    assert found["KeyCount"] == 2  # it, and its note


def test_the_next_holder_needs_no_file_for_what_is_there(staging: Staging, tmp_path: Path) -> None:
    one = here(tmp_path / "a.mp4")
    first = placed(staging, one)
    (tmp_path / "a.mp4").unlink()
    other = Staging(staging.place_in, "job")
    other.read()
    assert placed(other, one) == first
    asyncio.run(other.leave([one]))
    assert staging.place_in.left().films == {}
    assert not asyncio.run(staging.is_there(one))
    assert isinstance(gone := placed(staging, one), Skip) and gone.reason == "unreadable"
    other.close()


def test_a_film_that_is_another_one_by_now_is_left_out(staging: Staging, tmp_path: Path) -> None:
    one = here(tmp_path / "a.mp4")
    here(tmp_path / "a.mp4", ONE + b"\0")
    assert isinstance(found := placed(staging, one), Skip) and found.reason == "changed"


def test_a_stage_that_is_gone_stops_the_job_and_a_server_that_is_away_is_waited_for(
    staging: Staging, s3: S3Server, tmp_path: Path
) -> None:
    one = here(tmp_path / "a.mp4")
    s3.client().delete_bucket(Bucket=staging.place_in.stage.bucket)
    with pytest.raises(Told, match="there is no S3 bucket") as told:
        placed(staging, one)
    assert told.value.fault.kind is Kind.JOB and told.value.fault.do.endswith("resume the job.")
    with s3_server() as other:
        away = Staging(StageBucket(Stage.parse("s3://stage/"), other.client()), "job")
    with pytest.raises(Told) as told:
        placed(away, one)
    assert told.value.fault.kind in (Kind.AWAY, Kind.TRANSIENT)
    away.close()


def test_a_stop_ends_it(staging: Staging, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        asyncio.run(staging.place(here(tmp_path / "a.mp4"), stop))
