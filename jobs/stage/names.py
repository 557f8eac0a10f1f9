"""The names of what lies in a stage, and back. Pure.

    PREFIX/<sha256>.mp4                             a film
    PREFIX/<sha256>.h264.mp4                        what was made of a film of that content
    PREFIX/<sha256>.mp4.needed-by/<job>/<item>      a note, without bytes: this item of this job needs it

Rule: nothing else below the prefix is ours.
"""

import re
from dataclasses import dataclass

from jobs.uris import is_arn, split_s3

_FILM = re.compile(r"[0-9a-f]{64}(\.h264)?\.[a-z0-9]+")
_NEEDED = ".needed-by/"


@dataclass(frozen=True, slots=True)
class Note:
    """`key`: of the film."""

    key: str
    job: str
    item: int

    @property
    def name(self) -> str:
        return f"{notes_of(self.key)}{self.job}/{self.item}"


@dataclass(frozen=True, slots=True)
class Stage:
    """`prefix` is empty, or ends with a slash."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, uri: str) -> "Stage":
        """Raises ValueError for what is no `s3://bucket/prefix` of a bucket that Rekognition reads."""
        if not uri.startswith("s3://"):
            raise ValueError("not s3://bucket/prefix")
        bucket, key = split_s3(uri)
        if is_arn(bucket):
            raise ValueError("Rekognition takes no access point: name its bucket")
        prefix = key.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "")

    @property
    def uri(self) -> str:
        return self.uri_of(self.prefix)

    def uri_of(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def key(self, digest: str, suffix: str) -> str:
        """Of a film: `digest` is the SHA-256 of its bytes."""
        return f"{self.prefix}{digest}.{suffix}"

    def note(self, name: str) -> Note | None:
        """The note of this name; None where it is none."""
        key, needed, whose = name.removeprefix(self.prefix).partition(_NEEDED)
        job, _, item = whose.rpartition("/")
        if not (needed and job and item.isdecimal() and _FILM.fullmatch(key)):
            return None
        return Note(self.prefix + key, job, int(item))

    def is_film(self, name: str) -> bool:
        return name.startswith(self.prefix) and bool(_FILM.fullmatch(name[len(self.prefix) :]))


def notes_of(key: str) -> str:
    """What the names of the notes of a film begin with."""
    return f"{key}{_NEEDED}"


def content_of(key: str) -> str:
    """What a film is, whatever stage it is in: `sha256:ab12...mp4`."""
    return f"sha256:{key.rpartition('/')[2]}"
