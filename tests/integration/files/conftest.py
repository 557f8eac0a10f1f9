"""A place for a home of each kind: on this disk, on S3, on S3 where only the role of a profile may go."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import pytest

from jobs.files import Aws, Files, open_home
from tests.support.aws_config import held_to_policies, write_role_config
from tests.support.s3_server import S3Server, s3_server


@dataclass(frozen=True)
class Place:
    files: Files
    base: str
    home: str
    aws: Aws
    s3: S3Server | None = None

    def fill(self, objects: dict[str, bytes]) -> None:
        """Many files at once."""
        if self.s3:
            bucket, _, prefix = self.home.removeprefix("s3://").partition("/")
            self.s3.fill(bucket, {f"{prefix}/{name}": body for name, body in objects.items()})
        else:
            for name, body in objects.items():
                self.files.write(self.path(name), body)

    def path(self, name: str) -> str:
        return f"{self.base}/{name}"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module", params=["disk", "s3", "s3 by a role"])
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One home of each kind: to make users, roles and sessions is most of what a test would cost."""
    directory = tmp_path_factory.mktemp("kind")
    if request.param == "disk":
        yield _place(str(directory / "home"), Aws())
        return
    server: S3Server = request.getfixturevalue("s3")
    bucket = f"homes-{request.param.replace(' ', '-')}"
    server.bucket(bucket, {})
    home = f"s3://{bucket}/some jobs/é"
    with pytest.MonkeyPatch.context() as monkeypatch:
        if request.param == "s3":
            for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(variable, "test")
            yield _place(home, Aws(region="us-east-1", s3_url=server.url), server)
            return
        with held_to_policies(server, role=bucket) as keys:
            write_role_config(directory, server.url, keys, bucket, monkeypatch)
            yield _place(home, Aws(profile="archive"), server)


_numbers = count()


@pytest.fixture
def place(kind: Place) -> Place:
    """A folder of its own there."""
    name = f"test {next(_numbers)}"
    return replace(kind, base=kind.path(name), home=f"{kind.home}/{name}")


def _place(home: str, aws: Aws, s3: S3Server | None = None) -> Place:
    files, base = open_home(home, aws)
    return Place(files, base, home, aws, s3)
