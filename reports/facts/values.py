"""What the report shows, as values: `facts`, `charts` and `gallery` find them out, the page and the terminal print."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, floor
from typing import Any

from jobs.apis.sights import Sight
from jobs.intervals import Interval
from jobs.sample.record import Sample
from jobs.uris import frame_of
from jobs.words import clock


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart. `share` (0 to 1) is its length; `note` stands beside the number."""

    label: str
    value: float | None  # None: not answered, which is not zero
    share: float
    note: str = ""
    color: str | None = None  # "#rrggbb", where the bar stands for a colour
    spark: tuple[float, ...] = ()  # a small histogram beside the bar, each 0 to 1
    depth: int = 0  # of a tree
    door: str = ""  # the view of the gallery it stands for, as in the page's address: `name=%22Cat%22`


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind`: "bars" (one under the other), "columns" (a histogram), "palette" or "tree"."""

    kind: str
    title: str
    bars: tuple[Bar, ...]
    note: str = ""

    @property
    def total(self) -> float:
        return sum(bar.value or 0 for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Found:
    """What one API found."""

    api: str
    table: str
    summary: str
    answered: int  # items with an answer
    items: int  # items with at least one row
    rows: int
    charts: tuple[Chart, ...]
    full: str = ""  # how many answers had as much as an answer can have, in words


@dataclass(frozen=True, slots=True)
class Calls:
    """What became of one API's calls."""

    api: str
    ok: int
    skipped: int
    failed: int
    known: int
    maybe_billed: int
    retried: int  # requests beyond the first of each call
    median_ms: int | None
    slow_ms: int | None  # 95th percentile
    model_versions: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    not_asked: int = 0  # their condition did not hold, or could not be decided
    when: str = ""  # that condition
    inherited: Mapping[int, int] = field(default_factory=dict)  # of `ok`, by the bits between the two pictures
    undecided: int = 0  # of `not_asked`: their condition could not be decided

    @property
    def total(self) -> int:
        return self.ok + self.skipped + self.failed + self.not_asked


@dataclass(frozen=True, slots=True)
class Cause:
    """Calls that failed, or were skipped, for one reason."""

    outcome: str
    code: str
    calls: int
    items: int
    apis: tuple[str, ...]
    message: str  # of one of them
    do: str
    samples: tuple[str, ...]  # uris
    sample_ids: tuple[int, ...] = ()  # of the same items


@dataclass(frozen=True, slots=True)
class Moment:
    """A slice of the run: calls answered and requests throttled, per second."""

    at: datetime
    calls_per_s: float
    throttled_per_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    start: datetime
    end: datetime
    step_s: float
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What became of the items, for one sentence. `asked`: those the listing did not leave out."""

    asked: int = 0
    answered: int = 0  # by an API at least
    part: int = 0  # of them, not by all
    failed: int = 0
    unread: int = 0  # broken, cut, not to be read
    unlisted: int = 0  # empty or not to be read, as the listing saw already; not in `asked`
    unsent: int = 0  # other reasons why nothing was sent
    pending: int = 0
    spared: int = 0  # about which no API was asked, as no condition held; not in `asked`
    noun: str = "picture"


@dataclass(frozen=True, slots=True)
class Seen:
    """Something a person would look for: in how many items it is, of how many that answered."""

    sight: Sight
    items: int
    answered: int
    names: tuple[tuple[str, int], ...] = ()  # the most frequent, with their items
    asked: int | None = None  # answered items that it could be of: pictures, films or both; None: all


@dataclass(frozen=True, slots=True)
class Estimate:
    """In how many of all images of a source a scan of them would find something, by what it found in a sample."""

    name: str  # "Weapons", "people"
    found: int  # images of the sample
    share: Interval  # of all images, 0 to 1
    of: int  # images in all

    @property
    def images(self) -> tuple[int, int, int]:
        """Low, value and high; what was found is there."""
        low, high = floor(self.share.low * self.of + 1e-6), ceil(self.share.high * self.of - 1e-6)
        return max(self.found, low), max(self.found, round(self.share.value * self.of)), high

    def to_json(self) -> dict[str, Any]:
        images = dict(zip(("low", "value", "high"), self.images, strict=True))
        return {"name": self.name, "found_in": self.found, "share": self.share.to_json(), "images": images}


@dataclass(frozen=True, slots=True)
class ApiEstimates:
    """What one API's answers on a sample say of all images."""

    api: str
    answered: Estimate
    found: tuple[Estimate, ...]  # sights, then names from the most frequent on
    unanswered: int  # images of the sample without a final answer: failed, or not reached

    def to_json(self) -> dict[str, Any]:
        found = [one.to_json() for one in self.found]
        return {
            "api": self.api, "answered": self.answered.to_json(), "without_answer": self.unanswered, "found": found,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whole:
    """What a sample says of the source that it was drawn from."""

    sample: Sample
    apis: tuple[ApiEstimates, ...]

    def to_json(self) -> dict[str, Any]:
        """`whole` of `report --json`."""
        return {
            "sample": {name: getattr(self.sample, name) for name in ("asked", "seed", "whole", "drawn")},
            "strata": len(self.sample.strata),
            "confidence": 0.95,
            "apis": [one.to_json() for one in self.apis],
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """The job in numbers: everything of the report but its pictures."""

    items: Mapping[str, int]  # status -> items
    skips: Mapping[str, int]  # reason -> items never sent
    bytes: int
    calls: tuple[Calls, ...]
    found: tuple[Found, ...]
    causes: tuple[Cause, ...]
    timeline: Timeline | None
    costs: tuple[Mapping[str, Any], ...]
    outlook: Outlook = Outlook()
    seen: tuple[Seen, ...] = ()
    new: int = 0  # items first answered in this job
    earlier: Mapping[str, int] = field(default_factory=dict)  # job that answered first -> items, of the others
    whole: Whole | None = None  # of a job that is a sample
    near: tuple[str, ...] = ()  # sentences on what was inherited, and what may be missed by that


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of an API's table, as the gallery shows it."""

    api: str
    name: str
    detail: str  # "25 to 33 years, Female"
    confidence: float | None
    box: tuple[float, float, float, float] | None  # left, top, width, height: ratios of the upright picture
    color: str | None = None  # "#rrggbb", where the finding is a colour
    raw: str | None = None  # its name in the table, of a finding that can be judged
    marks: tuple[str, ...] = ()  # what else is said of it: "Smile", "Gender: Female"


@dataclass(frozen=True, slots=True)
class Shot:
    """One item of the gallery."""

    item_id: int
    uri: str
    kind: str
    status: str
    sampled_for: str  # "Weapon, 60 to 75 %"
    sensitive: bool  # has a finding of a table of content to review
    findings: tuple[Finding, ...]
    hidden: int = 0  # findings that are in the tables but not shown
    thumbnail: str | None = None  # relative to the page
    width: int = 0  # CSS pixels on the page
    height: int = 0
    missing: str = ""  # why there is no thumbnail

    @property
    def name(self) -> str:
        """The last part of the uri; of a frame, that of its film and when in it."""
        if self.kind == "frame":
            return f"{_last_part(self.film)} at {clock(self.at_ms)}"
        return _last_part(self.uri)

    @property
    def film(self) -> str:
        """Of a frame."""
        return frame_of(self.uri)[0]

    @property
    def at_ms(self) -> int:
        """Of a frame: when in its film."""
        return frame_of(self.uri)[1]


@dataclass(frozen=True, slots=True)
class Lane:
    """One name, or all of one API, along a film."""

    api: str
    name: str
    spans: tuple[tuple[int, int], ...]  # first and last slot of the strip, in order
    seen_ms: int  # the milliseconds of the slots it is in
    moments: tuple[int, ...]  # milliseconds where its longest spans begin, in order
    cut: bool = False  # its spans follow each other


@dataclass(frozen=True, slots=True)
class Still:
    """A moment of a film, as a picture with what was found then."""

    at_ms: int
    sampled_for: str
    sensitive: bool  # has a finding of a table of content to review
    findings: tuple[Finding, ...]
    thumbnail: str | None = None  # relative to the page
    width: int = 0  # CSS pixels on the page
    height: int = 0
    missing: str = ""  # why there is no picture


@dataclass(frozen=True, slots=True)
class Strip:
    """One film with its lanes and stills."""

    item_id: int
    uri: str
    status: str
    length_ms: int
    slots: int  # the strip is cut into
    step_ms: int  # of a slot
    lanes: tuple[Lane, ...]
    stills: tuple[Still, ...]
    hidden: int = 0  # names that are in the tables and have no lane

    @property
    def name(self) -> str:
        """The last part of the uri."""
        return _last_part(self.uri)


@dataclass(frozen=True, slots=True)
class Films:
    """The films that the page shows, out of those with an answer."""

    strips: tuple[Strip, ...] = ()
    answered: int = 0
    fetched: int = 0  # requests made to read films on S3
    fetched_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Gallery:
    shots: tuple[Shot, ...]
    groups: int  # label x confidence band groups there were
    covered: int  # of them, how many have an item in the gallery
    note: str = ""
    fetched: int = 0  # requests made to fetch pictures from S3 or the web
    fetched_bytes: int = 0


def _last_part(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2] or uri
