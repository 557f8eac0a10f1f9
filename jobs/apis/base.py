"""The shape of a catalogue row: everything the project knows of one Rekognition API.

Rule: adding an API is adding one file beside this one (with a module constant `API`) and one golden pair;
nothing else names an API. Everything here is pure: no I/O, no clock.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from jobs.apis.columns import Columns
from jobs.apis.sights import Sight
from jobs.items import Item

if TYPE_CHECKING:
    import pyarrow as pa

Params = Mapping[str, Any]
Image = Mapping[str, Any]  # {"Bytes": ...} or {"S3Object": {"Bucket", "Name", "Version"?}}


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter a scan may set: `--api labels:min_confidence=70`. Defaults are explicit so that re-runs compare."""

    name: str
    # list: "a+b"; file: a local picture, copied into the job, whose bytes the worker puts here before `request`
    type: Literal["float", "int", "str", "bool", "list", "file"]
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None  # what the text, or each part of a list, must match in full
    least: int = 0  # parts a list must have
    most: int | None = None  # parts a list may have
    required: bool = False
    of_answer: bool = True  # False: it says how a call is made, and no answer depends on it


@dataclass(frozen=True, slots=True)
class Limits:
    """What AWS accepts. Source: limits.html of the Rekognition developer guide and botocore's ImageBlob."""

    max_bytes: int = 5_242_880  # raw bytes of Image.Bytes
    max_s3_bytes: int = 15_728_640  # "15 MB"
    min_side: int = 80  # pixels, each side
    max_side: int | None = None  # pixels, each side; None: not documented


@dataclass(frozen=True, slots=True)
class Preparation:
    """A free call that must succeed once before the first paid one (a collection that must be there)."""

    operation: str
    arguments: Mapping[str, Any]
    fine: tuple[str, ...] = ()  # error codes that mean it had been done before


@dataclass(frozen=True, slots=True)
class Gist:
    """What people act on in an answer, by which answers on two pictures that look alike are compared (`--near`)."""

    what: str  # "labels", "number of faces"
    of: Callable[[Mapping[str, Any]], Any]  # response -> a value that is equal where the gist is


# Operations by which it is looked at, started and stopped.
TO_RUN = ("DescribeProjects", "DescribeProjectVersions", "StartProjectVersion", "StopProjectVersion")


@dataclass(frozen=True, slots=True)
class Runs:
    """A model that must run while its calls are made: what is billed is its hours times its units, and no call."""

    meter: str  # of its unit-hours
    model: str  # parameter that names it
    units: str  # parameter with the units it runs with
    tps: float  # calls a second of one unit, where nobody knows better


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that an answer has of something, whatever is in the image: at it, more may be there."""

    most: int  # AWS's own cap
    what: str  # in the plural: "words"
    found: Callable[[Mapping[str, Any]], int]  # response -> how many
    param: str | None = None  # the parameter that asks for fewer

    def of(self, params: Params) -> int:
        """For a scan with these parameters."""
        asked = params.get(self.param) if self.param else None
        return self.most if asked is None else min(self.most, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiEntry:
    """What every name of `--api` has: all a price and the list of APIs need."""

    name: str  # what the user types
    operation: str  # AWS's own name, also the name of the TPS quota
    summary: str  # one line for `rekscan apis` and the docs
    meters: tuple[str, ...]  # meters of jobs/money/prices.py that one answered call adds its units to
    params: tuple[Param, ...] = ()
    # Parameters that move the call to other meters (a moderation adapter) -> those; None: always `meters`.
    meters_by_params: Callable[[Params], tuple[str, ...]] | None = None
    runs: Runs | None = None  # what must run for it
    assumptions: tuple[str, ...] = ()  # sentences an estimate shows beside this API's price

    def meters_for(self, params: Params) -> tuple[str, ...]:
        """The meters one answered call with these parameters adds its units to."""
        return self.meters_by_params(params) if self.meters_by_params else self.meters


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabled(ApiEntry):
    """What every name has whose answers become rows."""

    answer_keys: tuple[str, ...]  # top-level keys of the response that belong to this API
    rows: Callable[[Mapping[str, Any]], Iterable[tuple[Any, ...]]]  # response -> rows in the order of `columns`
    columns: Columns
    brief_columns: Columns  # of the table with a row an item
    name_column: str | None = None  # column that --label filters and the report counts
    confidence_column: str | None = "confidence"  # column that --min-confidence filters (0..100)
    sights: tuple[Sight, ...] = ()  # what the first line of a report says of its rows

    @property
    def schema(self) -> "pa.Schema":
        """The columns of its table, as Arrow has them."""
        return self.columns.schema

    @property
    def brief_schema(self) -> "pa.Schema":
        """Its columns of the table with a row an item."""
        return self.brief_columns.schema

    @property
    def table(self) -> str:
        """File name of the API's table: `compare-faces` -> `compare_faces`."""
        return self.name.replace("-", "_")


class Brief(Protocol):
    """What an answer found in short, gathered page by page; its memory does not grow with the pages."""

    def add(self, page: Mapping[str, Any]) -> None: ...

    def values(self) -> tuple[Any, ...]:
        """In the order of `brief_columns`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoApi(Tabled):
    """An API for stored video, whose unit is a minute: `operation` starts a job on one film, `answers` reads it."""

    request: Callable[[Params], dict[str, Any]] = lambda params: {}  # -> what the start takes beside the film
    reading: Mapping[str, Any] = field(default_factory=dict)  # what reading takes beside the job: how it is sorted
    # A page of the answer -> the model's version.
    version: Callable[[Mapping[str, Any]], str | None] = lambda page: None
    prepare: Callable[[Params], tuple[Preparation, ...]] = lambda params: ()
    brief: Callable[[], Brief]  # for one answer
    reusable: bool = True  # as of an Api
    of_pictures: str = ""  # the API for pictures that finds the same, where it is called otherwise

    @property
    def twin(self) -> str:
        """The name that the API for pictures would have which finds the same."""
        return self.of_pictures or self.name.removeprefix("video-")

    @property
    def answers(self) -> str:
        """AWS's name of the operation that reads what a job found."""
        return "Get" + self.operation.removeprefix("Start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api(Tabled):
    """An API for images, whose unit is one of them."""

    request: Callable[[Image, Item, Params], dict[str, Any]]  # -> keyword arguments of the boto3 method
    brief: Callable[[Mapping[str, Any]], tuple[Any, ...]]  # response -> this API's columns of the `images` table
    cap: Cap | None = None  # adds a column `<table>_capped` to `images`
    limits: Limits = Limits()
    version_key: str | None = None  # response key of the model version
    shares: bool = False  # may share one call with another API of the same operation (labels + properties)
    # An error code and message that is really an answer ("no face in the image") -> the response it stands for.
    answer_for_error: Callable[[str, str], dict[str, Any] | None] = lambda code, message: None
    # Such an error may be about a parameter's picture: a call's arguments -> those of one that tells whether it is.
    question: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    golden_params: Mapping[str, Any] | None = None  # params used in tests where there are required ones
    prepare: Callable[[Params], tuple[Preparation, ...]] = lambda params: ()
    stores: str | None = None  # meter of what its calls leave behind, which is billed by the month
    reusable: bool = True  # False: the answer depends on a collection that changes, so an earlier job's is not taken
    inherits: bool = True  # False: it says who somebody is, which is asked of each picture (`--near`)
    floor: str | None = None  # parameter under which no row has a confidence
    # Parameters -> columns, of both tables, that stay empty with them.
    unasked: Callable[[Params], frozenset[str]] = lambda params: frozenset()
    local: bool = False  # the bundled models answer it on the workers, for nothing (`--first local`)
    gist: Gist | None = None  # None: how many rows there are
