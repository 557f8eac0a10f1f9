"""Real job folders with invented but realistic answers, for tests and measurements of what comes after a scan.

Answers are drawn once into a pool and dealt out, so that a job of a million items is made in seconds to minutes.
"""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from jobs import costs
from jobs.apis import Choice, parse
from jobs.folder import JobFolder, JobSpec
from jobs.items import Item
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.outcomes import Outcome
from jobs.plan.build import Counts, plan
from jobs.status import keep, status

NAMES = (
    "Person",
    "Dog",
    "Cat",
    "Car",
    "Tree",
    "Building",
    "Food",
    "Cup",
    "Chair",
    "Sky",
    "Road",
    "Boat",
    "Bird",
    "Flower",
    "Book",
    "Phone",
    "Bicycle",
    "Beach",
    "Snow",
    "Horse",
)
RARE = ("Weapon", "Helicopter", "Violin")
PARENTS = {"Dog": ["Animal", "Pet"], "Cat": ["Animal", "Pet"], "Car": ["Vehicle"], "Horse": ["Animal"]}
EMOTIONS = ("HAPPY", "CALM", "SAD", "SURPRISED", "ANGRY", "CONFUSED", "FEAR", "DISGUSTED")
MODERATION = (
    ("Weapons", "Violence", 2),
    ("Violence", "", 1),
    ("Alcoholic Beverages", "Alcohol", 2),
    ("Alcohol", "", 1),
    ("Smoking", "Drugs & Tobacco Paraphernalia & Use", 2),
    ("Swimwear or Underwear", "", 1),
)
WORDS = (
    "SALE",
    "OPEN",
    "EXIT",
    "1987",
    "Café",
    "Straße",
    "STOP",
    "Museum",
    "-12",
    "+49",
    "30",
    "1234",
    "مرحبا",
    "東京",
    "Москва",
    "Ελλάδα",
)
COLORS = (("#8fbcbb", "Green"), ("#2e3440", "Black"), ("#bf616a", "Red"), ("#ebcb8b", "Yellow"), ("#5e81ac", "Blue"))
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

Answer = dict[str, Any]


def box(draw: random.Random) -> dict[str, float]:
    width, height = draw.uniform(0.05, 0.5), draw.uniform(0.05, 0.5)
    return {
        "Left": round(draw.uniform(0, 1 - width), 6),
        "Top": round(draw.uniform(0, 1 - height), 6),
        "Width": round(width, 6),
        "Height": round(height, 6),
    }


def labels(draw: random.Random, count: int = 12) -> Answer:
    pool = NAMES if draw.random() > 0.02 else (*NAMES, *RARE)
    found = []
    for name in draw.sample(pool, min(count, len(pool))):
        boxes = [
            {"BoundingBox": box(draw), "Confidence": draw.uniform(55, 99.9)} for _ in range(draw.choice((0, 0, 1)))
        ]
        found.append(
            {
                "Name": name,
                "Confidence": draw.uniform(55, 99.9),
                "Instances": boxes,
                "Parents": [{"Name": parent} for parent in PARENTS.get(name, ())],
                "Aliases": [],
                "Categories": [{"Name": "Everyday Objects"}],
            }
        )
    return {"Labels": found, "LabelModelVersion": "3.0"}


def faces(draw: random.Random) -> Answer:
    return {"FaceDetails": [_face(draw) for _ in range(draw.choice((0, 0, 1, 1, 2, 3, 5)))]}


def _face(draw: random.Random) -> Answer:
    low = draw.randint(2, 70)
    where = box(draw)
    weights = [draw.random() for _ in EMOTIONS]
    flags = ("Smile", "Eyeglasses", "Sunglasses", "Beard", "Mustache", "EyesOpen", "MouthOpen", "FaceOccluded")
    return {
        "BoundingBox": where,
        "Confidence": draw.uniform(80, 99.99),
        "AgeRange": {"Low": low, "High": low + draw.randint(4, 12)},
        **{flag: {"Value": draw.random() > 0.5, "Confidence": draw.uniform(60, 99.9)} for flag in flags},
        "Gender": {"Value": draw.choice(("Male", "Female")), "Confidence": draw.uniform(60, 99.9)},
        "Emotions": [
            {"Type": name, "Confidence": 100 * weight / sum(weights)}
            for name, weight in zip(EMOTIONS, weights, strict=True)
        ],
        "Landmarks": [
            {"Type": kind, "X": where["Left"] + where["Width"] * x, "Y": where["Top"] + where["Height"] * y}
            for kind, x, y in (("eyeLeft", 0.3, 0.4), ("eyeRight", 0.7, 0.4), ("nose", 0.5, 0.6))
        ],
        "Pose": {"Roll": draw.uniform(-20, 20), "Yaw": draw.uniform(-40, 40), "Pitch": draw.uniform(-20, 20)},
        "Quality": {"Brightness": draw.uniform(20, 95), "Sharpness": draw.uniform(10, 95)},
    }


def text(draw: random.Random) -> Answer:
    found: list[Answer] = []
    for _ in range(draw.choice((0, 0, 1, 2, 4))):
        words = draw.sample(WORDS, draw.randint(1, 3))
        parent = len(found)
        for number, content in enumerate([" ".join(words), *words]):
            found.append(
                {
                    "DetectedText": content,
                    "Type": "WORD" if number else "LINE",
                    "Id": len(found),
                    **({"ParentId": parent} if number else {}),
                    "Confidence": draw.uniform(60, 99.9),
                    "Geometry": {"BoundingBox": box(draw)},
                }
            )
    return {"TextDetections": found, "TextModelVersion": "3.0"}


def moderation(draw: random.Random) -> Answer:
    found = []
    if draw.random() < 0.15:
        name, parent, level = draw.choice(MODERATION)
        confidence = draw.uniform(50, 99.9)
        found.append({"Name": name, "ParentName": parent, "TaxonomyLevel": level, "Confidence": confidence})
        if parent:
            found.append({"Name": parent, "ParentName": "", "TaxonomyLevel": 1, "Confidence": confidence})
    return {"ModerationLabels": found, "ModerationModelVersion": "7.0", "ContentTypes": []}


def properties(draw: random.Random) -> Answer:
    def part() -> Answer:
        chosen = draw.sample(COLORS, 3)
        return {
            "Quality": {n: draw.uniform(10, 95) for n in ("Brightness", "Sharpness", "Contrast")},
            "DominantColors": [
                {
                    "HexCode": code,
                    "CSSColor": name.lower(),
                    "SimplifiedColor": name,
                    "PixelPercent": draw.uniform(1, 40),
                    **{c: int(code[i : i + 2], 16) for c, i in (("Red", 1), ("Green", 3), ("Blue", 5))},
                }
                for code, name in chosen
            ],
        }

    return {"ImageProperties": {**part(), "Foreground": part(), "Background": part()}}


ANSWERS: dict[str, Callable[[random.Random], Answer]] = {
    "labels": labels,
    "faces": faces,
    "text": text,
    "moderation": moderation,
    "properties": properties,
}
FAILURES = (
    ("InvalidImageFormatException", "Request has invalid image format"),
    ("ImageTooLargeException", "too large"),
)

AnswerOf = Callable[[int, str], Answer]  # item id, API -> its answer


def make_job(
    home: str | Path,
    items: int | Sequence[Item],
    apis: Sequence[str] = ("labels",),
    *,
    job: str = "20261123-090000-beef",
    shard_size: int = 500,
    answers: AnswerOf | None = None,
    broken: int = 0,
    missing_shards: Sequence[int] = (),
    seed: int = 7,
) -> JobFolder:
    """A job folder as a scan leaves it. Every `broken`-th item is refused by AWS; `missing_shards` were not reached."""
    folder = JobFolder(str(home), job)
    count = items if isinstance(items, int) else len(items)
    with folder.manifest_writer() as writer:
        for number in range(count):
            writer.add(_item(number) if isinstance(items, int) else items[number])
    choices = parse(apis)
    images = items if isinstance(items, int) else sum(item.skip is None for item in items)
    folder.create(_spec(job, choices, count, shard_size, images))
    names = [choice.api.name for choice in choices]
    deal = answers or _Pool(names, seed)
    for shard in range(folder.spec.shards):
        if shard not in missing_shards:
            folder.commit(shard, [o for item in folder.items(shard) for o in _outcomes(item, names, deal, broken)])
    if not missing_shards:
        found = status(folder.spec, costs.tally(folder).counters(), "finished")
        keep(folder, found)
    return folder


def _spec(job: str, choices: tuple[Choice, ...], count: int, shard_size: int, images: int) -> JobSpec:
    """A spec as `rekscan scan` writes it, with the bundled prices and quotas."""
    made = plan(
        choices, Counts(images=images), region="eu-west-1", prices=PriceTable.bundled(), quotas=QuotaTable.bundled()
    )
    return JobSpec(
        job=job,
        created_at=START.isoformat(),
        sources=("s3://archive/",),
        apis=choices,
        region="eu-west-1",
        account="123456789012",
        items=count,
        shard_size=shard_size,
        quotas={rate.operation: rate.tps for rate in made.rates if rate.tps},
        plan=made.document(),
        prices=made.prices.to_json(),
    )


def _item(number: int) -> Item:
    return Item(
        number, f"s3://archive/2026/{number // 1000:04d}/IMG_{number:07d}.jpg", "image", 2_000_000 + number % 977
    )


class _Pool:
    """Answers drawn once, then dealt out."""

    def __init__(self, names: Sequence[str], seed: int, size: int = 499) -> None:
        draw = random.Random(seed)
        self._answers = {name: [orjson.dumps(ANSWERS[name](draw)).decode() for _ in range(size)] for name in names}

    def text(self, item_id: int, api: str) -> str:
        pool = self._answers[api]
        return pool[item_id * 31 % len(pool)]

    def __call__(self, item_id: int, api: str) -> Answer:
        answer: Answer = orjson.loads(self.text(item_id, api))
        return answer


def _outcomes(item: Item, names: Sequence[str], deal: AnswerOf, broken: int) -> list[Outcome]:
    if item.skip is not None:
        return []
    started = START + timedelta(milliseconds=20 * item.item_id)
    if broken and item.item_id % broken == broken - 1:
        code, message = FAILURES[item.item_id // broken % len(FAILURES)]
        return [
            Outcome(item.item_id, name, "failed", code, message, attempts=1, sent="s3", started_at=started)
            for name in names
        ]
    return [
        Outcome(
            item.item_id, name, "ok", attempts=1 + (item.item_id % 97 == 0), units=1, sent="s3", width=4000,
            height=3000, format="jpeg", latency_ms=180 + item.item_id % 120, started_at=started, model_version="3.0",
            response=deal.text(item.item_id, name) if isinstance(deal, _Pool)
            else orjson.dumps(deal(item.item_id, name)).decode(),
        )
        for name in names
    ]  # fmt: skip
