"""The job of a run: a handful of items, one or two APIs, prices whose tiers matter, maybe a cap.

Rule: everything is drawn from the tape, and 0 is the plainest.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

import orjson

from jobs.apis import parse
from jobs.conditions import under_conditions
from jobs.folder import PART_ROWS, JobFolder, JobSpec
from jobs.folder.manifest import ManifestWriter
from jobs.items import Item
from jobs.known.duplicates import write_duplicates
from tests.machine.tape import Tape

NAME = "machine"
FIRST_MONTH = "2026-11"  # in which every job starts
NANO = 10**9
OPERATIONS = {"labels": "DetectLabels", "properties": "DetectLabels", "text": "DetectText"}
METERS = {"labels": "image-group-2", "text": "image-group-2", "properties": "image-properties"}
_APIS = (("labels",), ("labels", "text"), ("labels", "properties"))
CAT = "Cat"
_WHEN = (f"text: labels has {CAT}",)
HERE, WEST = "us-east-1", "us-west-2"
DEARER = 3  # times as dear as here
_FIRST, _THEN = 1 * NANO, NANO // 10  # nanodollars of a unit before and after the tier's edge


@dataclass(frozen=True, slots=True)
class Job:
    items: int
    shard_size: int
    apis: tuple[str, ...]
    tier: int  # units a month at the first price
    cap: int | None  # nanodollars
    twins: bool  # items 0 and 1 are one picture, so are 2 and 3
    start: datetime
    workers: int
    slots: int  # shards at once in a worker
    calls: int  # at once in a worker, per API
    when: bool = False  # text is asked only where labels has CAT
    places: bool = False  # it asks in a second Region, too, where all is dearer

    @property
    def planned(self) -> int:
        return self.items * len(self.apis)

    def price(self, place: str, units: int) -> int:
        """Nanodollars of so many units of a meter in one month at a place."""
        times = DEARER if place else 1
        return times * (min(units, self.tier) * _FIRST + max(units - self.tier, 0) * _THEN)

    def meters(self, operation: str) -> list[str]:
        return [METERS[api] for api in self.apis if OPERATIONS[api] == operation]

    def first_api(self, operation: str) -> str:
        return next(api for api in self.apis if OPERATIONS[api] == operation)

    def is_asked(self, item: int, operation: str) -> bool:
        """Whether a call is to be made once labels has answered."""
        return not self.when or operation != OPERATIONS["text"] or has_cat(item)

    def content_of(self, item: int) -> str:
        return f"sha256:{item // 2 if self.twins and item < 4 else item:064x}"


def has_cat(item: int) -> bool:
    """What the endpoint answers."""
    return item % 2 == 0


def drawn(tape: Tape) -> Job:
    def one_of(name: str, chance: float, most: int) -> int:
        return tape.draw(("job", name), chance, most)

    items = 3 + one_of("items", 0.8, 5)
    start = datetime(2026, 11, 10, tzinfo=UTC)
    if before_the_edge := (0.0, 10.0, 1.0, 0.3)[one_of("edge", 0.3, 3)]:
        start = datetime(2026, 12, 1, tzinfo=UTC) - timedelta(seconds=before_the_edge)
    twins = bool(one_of("twins", 0.15, 1))
    apis = _APIS[one_of("apis", 0.5, 2)]
    if twins and len(apis) > 1:
        apis = apis[:1]
    return Job(
        items=items,
        shard_size=2 + one_of("shard", 0.6, 2),
        apis=apis,
        tier=(1000, 2, 4)[one_of("tier", 0.5, 2)],
        cap=None if not (cap := one_of("cap", 0.5, items + 1)) else cap * NANO,
        twins=twins,
        start=start,
        workers=2 + one_of("workers", 0.3, 1),
        slots=1 + one_of("slots", 0.4, 1),
        calls=(4, 1, 2)[one_of("calls", 0.75, 2)],
        when="text" in apis and bool(one_of("when", 0.5, 1)),
        places=bool(one_of("places", 0.3, 1)),
    )


def write(home: str, job: Job) -> JobFolder:
    """The folder, as `rekscan scan` leaves it before it puts the job on the table."""
    folder = JobFolder(home, NAME)
    for name, data in _manifest(job.items, job.twins, job.start):
        folder.write(name, data)
    folder.create(_spec(job, write_duplicates(folder) if job.twins else 0))
    return folder


@cache
def _manifest(items: int, twins: bool, start: datetime) -> list[tuple[str, bytes]]:
    """Its files."""
    files: list[tuple[str, bytes]] = []
    with ManifestWriter(lambda name, data: files.append((name, data)), PART_ROWS) as manifest:
        for n in range(items):
            size = 1000 if twins else 1000 + n
            manifest.add(Item(n, f"/pictures/{n}.jpg", "image", size=size, modified=start - timedelta(days=1)))
    return files


def _spec(job: Job, duplicates: int) -> JobSpec:
    operations = {OPERATIONS[api] for api in job.apis}
    lines = [
        {
            "api": api, "operation": OPERATIONS[api], "meter": METERS[api], "unit": "image", "units": job.items,
            "usd": "1", "tiers": [],
        }
        for api in job.apis
    ]  # fmt: skip
    document = {
        "job": NAME, "created_at": job.start.isoformat(timespec="seconds"), "sources": ["/pictures"],
        "apis": [choice.to_json() for choice in under_conditions(parse(job.apis), _WHEN if job.when else ())],
        "region": HERE, "account": "endpoint:machine", "rekognition_url": "http://machine",
        "items": job.items, "shard_size": job.shard_size, "quotas": dict.fromkeys(sorted(operations), 100.0),
        "plan": {
            "region": HERE, "items": {"images": job.items, "bytes": 1000}, "lines": lines, "total_usd": "1",
        },
        "places": [
            {"name": WEST, "region": WEST, "account": "endpoint:machine", "quotas": dict.fromkeys(operations, 90.0)}
        ][: job.places],
        "prices": _prices(job.tier),
        "options": {
            "again": not job.twins, "duplicates": duplicates,
            "max_cost": None if job.cap is None else str(Decimal(job.cap) / NANO),
        },
    }  # fmt: skip
    return JobSpec.from_json(orjson.dumps(document), NAME)


@cache
def _prices(tier: int) -> dict[str, object]:
    tiers = [
        {"from": start, "to": end, "usd": str(Decimal(usd) / NANO), "confidence": "price-list", "as_of": "2026-11-01"}
        for start, end, usd in ((0, tier, _FIRST), (tier, None, _THEN))
    ]
    dearer = [{**one, "usd": str(Decimal(str(one["usd"])) * DEARER)} for one in tiers]
    return {
        "source": "the machine", "as_of": "2026-11-01", "confidence": {}, "operations": {}, "free_tier": {},
        "meters": {
            name: {"unit": "image", "regions": {HERE: tiers, WEST: dearer}} for name in sorted(set(METERS.values()))
        },
    }  # fmt: skip
