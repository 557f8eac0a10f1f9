"""The token of a start: who asks the same has the same, so that AWS makes one job, and one payment, of it.

Rule: it holds all that the answer depends on, and nothing of who asks: no job, home, machine or worker.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson

from jobs.folder.films import FilmItem
from jobs.ledger.starts import KEPT
from jobs.uris import object_of

_EDGE = timedelta(minutes=10)  # before its end a token is not sent any more: clocks differ


@dataclass(frozen=True, slots=True)
class Question:
    """One API asked about one film. `account`: as job.json has it; `epoch`: how often it was knowingly paid again."""

    account: str
    region: str
    operation: str
    film: FilmItem
    arguments: Mapping[str, Any]
    epoch: int
    root: str | None = None  # the folder that local films are below: the emulator's file store

    @property
    def token(self) -> str:
        """AWS's ClientRequestToken: 64 hexadecimal digits."""
        bucket, name = object_of(self.film.uri, self.root)
        said = [
            "rekognition", self.account, self.region, self.operation, bucket, name, self.film.content,
            dict(self.arguments), self.epoch,
        ]  # fmt: skip
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()

    @property
    def known_by(self) -> str:
        """What stands for it in the index of known answers: the epoch is no part of it, any answer will do."""
        return f"film:{replace(self, epoch=0).token}"

    @property
    def start(self) -> dict[str, Any]:
        """The arguments of the start."""
        bucket, name = object_of(self.film.uri, self.root)
        where = {"Bucket": bucket, "Name": name} | ({"Version": self.film.version} if self.film.version else {})
        return {
            "Video": {"S3Object": where},
            "ClientRequestToken": self.token,
            "JobTag": self.token,
            **self.arguments,
        }


def is_over(began_ms: int, now_ms: int) -> bool:
    """Whether a token of then may stand for nothing any more: sent again, it would be paid again."""
    return timedelta(milliseconds=now_ms - began_ms) > KEPT - _EDGE
