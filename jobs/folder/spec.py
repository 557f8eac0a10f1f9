"""job.json: what a job is. It is never modified: a job whose listing goes on gets `amended-001.json`, `-002`, ..."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from jobs.apis import Choice, choices_from_json

PART_ROWS = 100_000  # items in a part of the manifest


@dataclass(frozen=True, slots=True)
class JobSpec:
    """job.json: everything a worker or a report needs to know of a job."""

    job: str
    created_at: str  # ISO 8601, UTC
    sources: tuple[str, ...]
    apis: tuple[Choice, ...]
    region: str
    account: str  # AWS account id, or "endpoint:host:port"; with Region and operation it names a quota
    items: int
    shard_size: int
    quotas: dict[str, float]  # operation -> transactions per second used
    plan: dict[str, Any]  # the plan as `estimate --json` prints it
    prices: dict[str, Any]  # the price table used: only its Region and meters
    rekognition_url: str | None = None  # endpoint overrides
    s3_url: str | None = None
    options: dict[str, Any] = field(default_factory=dict)  # fit, peek, local, max_cost, cut, part_rows, ...
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def shards(self) -> int:
        return -(-self.items // self.shard_size)

    @property
    def part_rows(self) -> int:
        """Items in each part of the manifest but the last."""
        return int(self.options.get("part_rows", PART_ROWS))

    @property
    def manifest_parts(self) -> int:
        return -(-self.items // self.part_rows)

    @property
    def cut(self) -> bool:
        """Whether the cap stopped the listing: the source has more than the job."""
        return bool(self.options.get("cut"))

    @property
    def amended(self) -> int:
        """How often the listing went on."""
        return int(self.options.get("amended", 0))

    def to_json(self) -> bytes:
        document = {**asdict(replace(self, apis=())), "apis": [choice.to_json() for choice in self.apis]}
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, data: bytes) -> "JobSpec":
        document = orjson.loads(data)
        document["apis"] = choices_from_json(document["apis"])
        document["sources"] = tuple(document["sources"])
        return cls(**document)


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a job is after its listing went on. Written last, once the manifest has the items."""

    number: int  # from 1
    items: int  # all of them, as `plan` is of all of them
    plan: dict[str, Any]
    cut: bool
    max_cost: str | None
    duplicates: int

    @property
    def name(self) -> str:
        return _name(self.number)

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    def of(self, spec: JobSpec) -> JobSpec:
        more = {"cut": self.cut, "max_cost": self.max_cost, "duplicates": self.duplicates, "amended": self.number}
        return replace(spec, items=self.items, plan=self.plan, options={**spec.options, **more})


def with_amendments(spec: JobSpec, read: Callable[[str], bytes | None]) -> JobSpec:
    """The spec as the newest amendment has it. `read`: a file of the job folder, None if it is not there."""
    if "cut" not in spec.options:
        return spec  # its listing was whole
    number = 1
    while data := read(_name(number)):
        spec = Amendment(**orjson.loads(data)).of(spec)
        number += 1
    return spec


def _name(number: int) -> str:
    return f"amended-{number:03d}.json"
