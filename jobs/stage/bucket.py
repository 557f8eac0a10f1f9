"""A stage in S3: films put into it and taken out of it again, from many processes and homes at once.

Rule: a note is written before its film and taken away after it, so what lies there is known to be needed, or is
nobody's. Only what was uploaded from here is ever deleted; an object of the same name that somebody else put there is
used and left. All of it may be done again at any time.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.exceptions import ClientError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.s3_errors import NO_OBJECT, code_of, explained
from jobs.errors import UsageError
from jobs.folder import JobSpec
from jobs.folder.films import FilmItem, pinned_as
from jobs.money.staging import PART
from jobs.stage.names import Note, Stage, notes_of
from jobs.stage.scratch import scratch
from jobs.uris import path_of

KEPT_DAYS = 8  # that a lifecycle leaves a film in a stage: AWS keeps answers for 7
_OURS = {"rekscan": "staged"}  # S3's metadata of what is uploaded here
_PARTS = TransferConfig(  # one that can be cancelled
    multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4, preferred_transfer_client="classic"
)
_READ = 1 << 20
_LOOK = 0.1  # seconds between looks whether an upload is over, or is to stop
_NO_RULES = frozenset(("NoSuchLifecycleConfiguration", "404"))

_MADE = "h264.mp4"  # the end of a name: what was made of the film of that content

Stop = Callable[[], bool]
Make = Callable[[FilmItem, Path, Stop], int]  # a film, into a file; its length in milliseconds


class Stopped(Exception):
    """It was told to stop."""


class Replaced(Exception):
    """The file is another one than was listed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A film in a stage. `ms`: how long it is, where it was made there."""

    key: str
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What lies in a stage."""

    films: dict[str, int]  # key -> bytes
    notes: tuple[Note, ...]
    unfinished: int  # uploads that were broken off, or are under way

    @property
    def unneeded(self) -> list[str]:
        """Films that nobody needs."""
        return sorted(self.films.keys() - {note.key for note in self.notes})


def stage_of(spec: JobSpec, aws: Aws) -> "StageBucket | None":
    """That of a job, if it has one. The endpoint of `aws` overrides the one of job.json; the bucket is its account's
    own, whoever pays for reading the source."""
    if spec.options.stage is None:
        return None
    url = clients.endpoint_of(aws, "s3") or spec.s3_url
    client = clients.s3(replace(aws, region=spec.region, s3_url=url, requester_pays=False))
    return StageBucket(Stage.parse(spec.options.stage), client)


@dataclass(frozen=True, slots=True)
class StageBucket:
    """A stage over one boto3 client. Raises what boto3 raises, and OSError of a local file."""

    stage: Stage
    client: Any

    @property
    def uri(self) -> str:
        return self.stage.uri

    def uri_of(self, key: str) -> str:
        return self.stage.uri_of(key)

    def check(self, region: str) -> None:
        """Raises RekscanError where it cannot be reached, or Rekognition of this Region does not read it."""
        try:
            with explained(self.stage.uri, "s3:ListBucket"):
                found = self.client.head_bucket(Bucket=self.stage.bucket)
        except FileNotFoundError:
            raise UsageError(
                f"--stage {self.stage.uri}: there is no S3 bucket {self.stage.bucket!r}",
                f"Name one that is there, in {region}: nobody makes one for you.",
            ) from None
        headers = found.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        there = found.get("BucketRegion") or headers.get("x-amz-bucket-region")
        if there and there != region:
            raise UsageError(
                f"--stage {self.stage.uri} is in {there}, and the scan in {region}",
                f"Rekognition reads only buckets of its own Region: name one in {region}, or add --region {there}.",
            )

    def place(self, film: FilmItem, job: str, key: str | None, stop: Stop, make: Make | None = None) -> Placed:
        """Have a film of this machine in the stage, needed by this item of this job. `key`: as a note has it. `make`:
        what is uploaded in its place.

        Raises Replaced where the file is not the one that was listed, Stopped once it is to `stop`, and what `make`
        raises.
        """
        if key is not None and (placed := self.placed(key, film)):
            return placed
        with open(path_of(film.uri), "rb") as file:  # noqa: PTH123  a path of bytes
            _same(film, file)
            suffix = _MADE if film.transcoded else film.container
            note = Note(self.stage.key(digest_of_file(file, stop), suffix), job, film.item_id)
            self.client.put_object(**self._at(note.name), Body=b"")
            if placed := self.placed(note.key, film):
                return placed
            if make is None:
                file.seek(0)
                with os.fdopen(os.dup(file.fileno()), "rb") as same:  # an upload closes what it has read
                    self._upload(same, note.key, stop)
                placed = Placed(note.key)
            else:
                placed = self._made(film, note.key, make, stop)
            self._refuse_another(film, file, note)
        return placed

    def _made(self, film: FilmItem, key: str, make: Make, stop: Stop) -> Placed:
        with scratch() as folder:
            path = folder / "film.mp4"
            ms = make(film, path, stop)
            with path.open("rb") as file:
                self._upload(file, key, stop, ms=str(ms))
        return Placed(key, ms)

    def _refuse_another(self, film: FilmItem, file: IO[bytes], note: Note) -> None:
        """Nobody knows which bytes came of a file that was written meanwhile."""
        try:
            _same(film, file)
        except Replaced:
            self._delete(note.key)
            self.leave(note)
            raise

    def placed(self, key: str, film: FilmItem) -> Placed | None:
        """The film, where it is there: of the same length, or as it was made of it."""
        if (head := self._head(key)) is None:
            return None
        if film.transcoded is None:
            return Placed(key) if head["ContentLength"] == film.size else None
        ms = head.get("Metadata", {}).get("ms", "")
        return Placed(key, int(ms)) if ms.isdecimal() else None

    def leave(self, note: Note) -> None:
        """The film is not needed for this any more; where it is for nothing else, it is deleted."""
        others = self._needed(note.key) - {note.name}
        if not others:
            self._delete(note.key)
        self.client.delete_object(**self._at(note.name))
        if others and not self._needed(note.key):  # they left at the same time
            self._delete(note.key)

    def notes(self, job: str) -> dict[int, Note]:
        """What is needed by a job, by item."""
        notes = map(self.stage.note, (one["Key"] for one in self._objects(self.stage.prefix)))
        return {note.item: note for note in notes if note is not None and note.job == job}

    def left(self) -> Left:
        films, notes = {}, []
        for one in self._objects(self.stage.prefix):
            if note := self.stage.note(one["Key"]):
                notes.append(note)
            elif self.stage.is_film(one["Key"]):
                films[one["Key"]] = int(one["Size"])
        return Left(films, tuple(notes), sum(1 for _ in self._unfinished(self.stage.prefix)))

    def expires(self) -> bool | None:
        """Whether a lifecycle deletes what is left, and uploads that were broken off; None: this user may not know."""
        try:
            found = self.client.get_bucket_lifecycle_configuration(Bucket=self.stage.bucket)
        except ClientError as error:
            return False if code_of(error) in _NO_RULES else None
        mine = [rule for rule in found.get("Rules", []) if self._is_about_all(rule)]
        return any("Expiration" in rule for rule in mine) and any("AbortIncompleteMultipartUpload" in r for r in mine)

    def _is_about_all(self, rule: dict[str, Any]) -> bool:
        about = rule.get("Filter", rule)
        prefix = about.get("Prefix") or ""
        narrow = about.keys() & {"And", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}
        return rule.get("Status") == "Enabled" and not narrow and self.stage.prefix.startswith(prefix)

    def _upload(self, file: IO[bytes], key: str, stop: Stop, **more: str) -> None:
        kind = "video/mp4" if key.endswith(".mp4") else "video/quicktime"
        extra = {"Metadata": _OURS | more, "ContentType": kind}
        with create_transfer_manager(self.client, _PARTS) as manager:
            future = manager.upload(file, self.stage.bucket, key, extra)
            while not future.done():
                if stop():
                    future.cancel()  # S3 drops the parts that came
                    with suppress(Exception):
                        future.result()
                    raise Stopped
                time.sleep(_LOOK)
            future.result()

    def _delete(self, key: str) -> None:
        """What was uploaded from here, and what uploads that were broken off have left of it."""
        for upload in self._unfinished(key):
            self.client.abort_multipart_upload(**self._at(upload["Key"]), UploadId=upload["UploadId"])
        head = self._head(key)
        if head is not None and head.get("Metadata", {}).items() >= _OURS.items():
            version = {"VersionId": head["VersionId"]} if head.get("VersionId", "null") != "null" else {}
            self.client.delete_object(**self._at(key), **version)

    def _needed(self, key: str) -> set[str]:
        return {one["Key"] for one in self._objects(notes_of(key))}

    def _head(self, key: str) -> dict[str, Any] | None:
        try:
            return dict(self.client.head_object(**self._at(key)))
        except ClientError as error:
            if code_of(error) in NO_OBJECT:
                return None
            raise

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.stage.bucket, Prefix=prefix)
        return (one for page in pages for one in page.get("Contents", []))

    def _unfinished(self, prefix: str) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.stage.bucket, Prefix=prefix)
        return (one for page in pages for one in page.get("Uploads", []))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.stage.bucket, "Key": key}


def _same(film: FilmItem, file: IO[bytes]) -> None:
    if pinned_as(os.fstat(file.fileno())) != film.content:
        raise Replaced


def digest_of_file(file: IO[bytes], stop: Stop) -> str:
    """Its SHA-256. Raises Stopped."""
    digest = hashlib.sha256()
    while data := file.read(_READ):
        if stop():
            raise Stopped
        digest.update(data)
    return digest.hexdigest()
