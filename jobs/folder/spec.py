"""job.json: what a job is. It is never modified: a job whose listing goes on gets `amended-001.json`, `-002`, ..."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from jobs import documents
from jobs.apis import Choice, VideoChoice, choices_from_json, video_choices_from_json
from jobs.places import Place
from jobs.planned import Dollars, PlanDocument, PlannedNear
from jobs.sample.record import Sample

PART_ROWS = 100_000  # items in a part of the manifest


Read = Callable[[Iterable[Mapping[str, Any]]], tuple[Any, ...]]


def _reading(rows_to_choices: Read) -> Read:
    """With what pydantic takes for an error."""

    def read(rows: Iterable[Mapping[str, Any]]) -> tuple[Any, ...]:
        try:
            return rows_to_choices(rows)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error!r} in an API") from error

    return read


def _choices_json(choices: Iterable[Choice | VideoChoice]) -> list[dict[str, Any]]:
    return [choice.to_json() for choice in choices]


Choices = Annotated[tuple[Choice, ...], PlainValidator(_reading(choices_from_json)), PlainSerializer(_choices_json)]
VideoChoices = Annotated[
    tuple[VideoChoice, ...], PlainValidator(_reading(video_choices_from_json)), PlainSerializer(_choices_json)
]


@dataclass(frozen=True, slots=True)
class Listing:
    """How to list a source again."""

    sources: tuple[str, ...]  # as absolute paths and URIs
    column: str | None = None  # of a list file, the column with the paths
    versions: bool = False  # whether every version on S3 is listed
    include: tuple[str, ...] = ()  # globs: a file must match one of them, if there are any
    exclude: tuple[str, ...] = ()  # globs: a file must match none of them


@dataclass(frozen=True, slots=True)
class Options:
    """What a scan was told."""

    local: bool = False  # runs on the bundled emulator
    fit: bool = True  # pictures that AWS would refuse are mended
    peek: bool = True  # headers of objects on S3 are looked at before they are sent
    again: bool = False  # known answers are paid for again
    request_payer: bool = False  # reading the source on S3 is on the reader's bill
    allow_private_urls: bool = False  # URLs of a list may lead to this machine and its network
    duplicates: int = 0  # items that may have a duplicate in the job
    max_cost: Dollars | None = None  # the cap in dollars
    part_rows: int = PART_ROWS  # items in each part of the manifest but the last
    cut: bool = False  # the cap stopped the listing: the source has more than the job
    listing: Listing | None = None  # of a cut job
    video_jobs: int = 20  # jobs on stored video that the account may have open at once (since 2)
    film_root: str | None = None  # the folder of local films that the bundled emulator looks at (since 2)
    stage: str | None = None  # s3://bucket/prefix where local films are uploaded for Rekognition (since 2)
    made: str | None = None  # the folder where local films and what is made of them wait for the emulator (since 2)
    frames: str | None = None  # which frames of films are items: --frames as it was typed (since 2)
    near: str | None = None  # which pictures take the answers of others: --near as it was typed (since 3)
    amended: int = 0  # how often the listing went on: set by amendments, not in job.json


@dataclass(frozen=True, slots=True)
class JobSpec:
    """job.json: everything a worker or a report needs to know of a job."""

    job: str  # the job's id, the name of its folder
    created_at: str  # ISO 8601, UTC
    sources: tuple[str, ...]  # as the user named them
    apis: Choices  # each with its name and every parameter
    region: str  # AWS Region
    account: str  # AWS account id, or "endpoint:host:port"; with Region and operation it names a quota
    items: int  # rows of the manifest
    shard_size: int  # items in a shard
    quotas: Mapping[str, float]  # operation -> transactions per second used
    plan: PlanDocument  # the plan as `estimate --json` prints it
    prices: Mapping[str, Any]  # the price table used, as jobs/money/prices.py reads it: only its Region and meters
    rekognition_url: str | None = None  # endpoint in place of AWS's
    s3_url: str | None = None  # the same for S3
    options: Options = Options()  # what the scan was told
    versions: Mapping[str, str] = field(default_factory=dict)  # of rekscan, boto3 and Python
    video_apis: VideoChoices = ()  # those for stored video, each with its name and every parameter (since 2)
    films: int = 0  # that those are asked about: rows of films/ (since 2)
    epoch: int = 0  # of this job's first start on each film: over 0 where it was knowingly paid again (since 2)
    places: tuple[Place, ...] = ()  # where its calls go besides its own Region and account (since 5)
    sample: Sample | None = None  # where it asks about a sample of its source: what that was drawn from (since 2)
    first: Choices = ()  # what the bundled models answer on the workers before `apis` are asked (since 4)
    near: PlannedNear | None = None  # with --near: what it was planned to save, and what it may miss (since 3)

    @property
    def shards(self) -> int:
        """Of pictures."""
        only_films = self.video_apis and not self.apis
        return 0 if only_films else -(-self.items // self.shard_size)

    @property
    def choices(self) -> tuple[Choice | VideoChoice, ...]:
        """Every API of AWS's."""
        return (*self.apis, *self.video_apis)

    @property
    def for_pictures(self) -> tuple[Choice, ...]:
        """All that is asked about each picture, the bundled models first."""
        return (*self.first, *self.apis)

    @property
    def asked(self) -> tuple[Choice | VideoChoice, ...]:
        """All that calls are made of."""
        return (*self.for_pictures, *self.video_apis)

    def planned(self, choice: Choice | VideoChoice) -> int:
        """Calls of one API."""
        return self.films if isinstance(choice, VideoChoice) else self.plan.items.images

    def at(self, place: str | None) -> tuple[str, str]:
        """The Region and account of a place by its name."""
        other = next((one for one in self.places if one.name == place), None)
        return (other.region, other.account) if other else (self.region, self.account)

    def where(self, place: str | None) -> str:
        """A place as people read it: its name, the Region where it is the job's own."""
        return place or self.region

    def tps(self, operation: str) -> float | None:
        """Calls a second at all places together, as planned; None where no quota is known."""
        rates = [self.quotas.get(operation), *(place.quotas.get(operation) for place in self.places)]
        return sum(rate for rate in rates if rate) or None

    @property
    def shows_films(self) -> bool:
        """Whether a report has pictures out of films."""
        return bool(self.films or self.options.frames)

    @property
    def part_rows(self) -> int:
        """Items in each part of the manifest but the last."""
        return self.options.part_rows

    @property
    def manifest_parts(self) -> int:
        return -(-self.items // self.part_rows)

    @property
    def cut(self) -> bool:
        """Whether the cap stopped the listing: the source has more than the job."""
        return self.options.cut

    @property
    def amended(self) -> int:
        """How often the listing went on."""
        return self.options.amended

    @property
    def first_month(self) -> str:
        """The month it was planned to start in: `2026-12`."""
        return self.plan.start.isoformat()[:7] if self.plan.start else self.created_at[:7]

    def to_json(self) -> bytes:
        spares = self.options.near is not None or any(choice.when for choice in self.apis)
        least = documents.CONDITIONS if spares else documents.FORMAT
        least = documents.FIRST if self.first else least
        return documents.dump(self, format=documents.PLACES if self.places else least)

    @classmethod
    def from_json(cls, data: bytes, job: str) -> "JobSpec":
        """Raises RekscanError where this version cannot read it."""
        return documents.load(cls, data, f"job {job}")


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a job is after its listing went on. Written last, once the manifest has the items."""

    number: int  # from 1
    items: int  # all of them, as `plan` is of all of them
    plan: PlanDocument  # of the whole job
    cut: bool = False  # whether the cap stopped the listing again
    max_cost: Dollars | None = None  # the new cap in dollars
    duplicates: int = 0  # items that may have a duplicate in the job

    @property
    def name(self) -> str:
        return _name(self.number)

    def to_json(self) -> bytes:
        return documents.dump(self)

    @classmethod
    def from_json(cls, data: bytes, job: str) -> "Amendment":
        """Raises RekscanError where this version cannot read it."""
        return documents.load(cls, data, f"an amendment of job {job}")

    def of(self, spec: JobSpec) -> JobSpec:
        options = replace(
            spec.options, cut=self.cut, max_cost=self.max_cost, duplicates=self.duplicates, amended=self.number
        )
        return replace(spec, items=self.items, plan=self.plan, options=options)


def with_amendments(spec: JobSpec, read: Callable[[str], bytes | None]) -> JobSpec:
    """The spec as the newest amendment has it. `read`: a file of the job folder, None if it is not there."""
    if not spec.cut:
        return spec  # its listing was whole
    number = 1
    while data := read(_name(number)):
        spec = Amendment.from_json(data, spec.job).of(spec)
        number += 1
    return spec


def _name(number: int) -> str:
    return f"amended-{number:03d}.json"
