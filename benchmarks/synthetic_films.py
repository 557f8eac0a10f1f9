"""Real job folders of films with given or invented answers, for tests and measurements of what comes after a scan."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from benchmarks.synthetic_job import NAMES, PARENTS, START, Answer, box
from jobs import costs
from jobs.apis import VideoChoice, sort_out
from jobs.attempts import Attempts, Tried
from jobs.counts import Counts
from jobs.folder import JobFolder, JobSpec
from jobs.folder.films import FILMS, FilmItem, FilmsWriter, film_shards, films_of
from jobs.folder.video_pages import PagesName, PagesWriter
from jobs.items import Item
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.outcomes import Outcome
from jobs.plan.build import plan
from jobs.status import keep, status

JOB = "20261123-090000-f11e"
_BILLED = Attempts.of("k3f9x2ab0q", Tried("b", "2026-11"))
PagesOf = Callable[[FilmItem, str], Iterable[Answer | bytes]]  # film, API -> its answer


def film_item(number: int, minutes: float = 60, uri: str = "") -> FilmItem:
    """A film as `jobs/video` finds it."""
    ms = round(minutes * 60_000)
    return FilmItem(
        number, uri or f"s3://archive/films/{number:05d}.mp4", 2_000_000_000, f"etag:{number:032x}", ms, ms, "mp4",
        "h264", 1920, 1080, 0, 25.0, "aac",
    )  # fmt: skip


def make_films(
    home: str | Path,
    films: Sequence[FilmItem],
    apis: Sequence[str],
    pages: PagesOf,
    *,
    others: Sequence[Item] = (),
    instead: Callable[[FilmItem, str], Outcome | None] = lambda film, api: None,
    missing: bool = False,
    job: str = JOB,
) -> JobFolder:
    """A job folder as a scan leaves it: these films, and after them `others`, which are not sent. `instead`: what came
    of a call in place of an answer; `missing`: the last shard was not reached."""
    folder = JobFolder(str(home), job)
    choices = sort_out(apis).videos
    with folder.manifest_writer() as writer:
        for film in films:
            writer.add(Item(film.item_id, film.uri, "video", film.size))
        for item in others:
            writer.add(item)
    with FilmsWriter(folder.write) as listed:
        for film in films:
            listed.add(film)
    folder.create(_spec(job, choices, films, len(films) + len(others)))
    shards = film_shards(len(films))
    for shard in shards[: len(shards) - missing]:
        rows = [
            instead(f, c.api.name) or _answered(folder, f, c, pages) for f in films_of(folder, shard) for c in choices
        ]
        folder.commit(shard, rows)
    keep(folder, status(folder.spec, costs.tally(folder).counters(), "incomplete" if missing else "finished"))
    return folder


def _spec(job: str, choices: tuple[VideoChoice, ...], films: Sequence[FilmItem], items: int) -> JobSpec:
    counts = Counts(videos=len(films))
    for film in films:
        counts.add_video_ms(film.priced_ms)
    prices, quotas = PriceTable.bundled(), QuotaTable.bundled()
    made = plan((), counts, region="eu-west-1", prices=prices, quotas=quotas, videos=choices)
    return JobSpec(
        job, START.isoformat(), ("s3://archive/films/",), (), "eu-west-1", "123456789012", items, 500,
        {rate.operation: rate.tps for rate in made.rates if rate.tps}, made.document(), made.prices.to_json(),
        video_apis=choices, films=len(films),
    )  # fmt: skip


def _answered(folder: JobFolder, film: FilmItem, choice: VideoChoice, pages: PagesOf) -> Outcome:
    name, job_id, model = choice.api.name, f"{film.item_id:064x}", None
    with PagesWriter(folder, PagesName(name, film.item_id), job_id) as writer:
        for number, page in enumerate(pages(film, name), 1):
            writer.append(number, page if isinstance(page, bytes) else orjson.dumps(page))
            model = model or (None if isinstance(page, bytes) else choice.api.version(page))
        writer.done()
    return Outcome(
        film.item_id, name, "ok", **_BILLED.columns, sent="s3", width=film.width, height=film.height, format="mp4",
        latency_ms=40_000, started_at=START + timedelta(seconds=film.item_id), model_version=model or "3.0",
        ms=film.length_ms, probed_ms=film.length_ms, video_job=job_id, epoch=0,
    )  # fmt: skip


def labels(film: FilmItem, at_once: int = 28, each: int = 1000, seed: int = 7) -> Iterator[Answer]:
    """Pages of labels at two moments a second, as AWS gives them: 0.34 MB a page, of an hour 202 of them."""
    draw = random.Random(seed + film.item_id)
    found: list[Any] = []
    for at in range(0, film.length_ms or 0, 500):
        found += [_label(draw, at, name) for name in draw.choices(NAMES, k=at_once)]
        while len(found) >= each:
            yield page(film, Labels=found[:each], LabelModelVersion="3.0", NextToken="more")
            found = found[each:]
    yield page(film, Labels=found, LabelModelVersion="3.0")


def _label(draw: random.Random, at: int, name: str) -> Answer:
    instances = [
        {"BoundingBox": box(draw), "Confidence": draw.uniform(55, 99.9)} for _ in range(draw.choice((0, 1, 2, 3)))
    ]
    return {
        "Timestamp": at,
        "Label": {
            "Name": name, "Confidence": draw.uniform(50, 99.9), "Instances": instances, "Aliases": [],
            "Parents": [{"Name": parent} for parent in PARENTS.get(name, ())],
            "Categories": [{"Name": "Everyday Objects"}],
        },
    }  # fmt: skip


def page(film: FilmItem, **found: Any) -> Answer:
    """A page of an answer, with what AWS says on each."""
    about = {
        "Codec": "h264", "DurationMillis": film.length_ms, "Format": "QuickTime / MOV", "FrameRate": film.fps,
        "FrameHeight": film.height, "FrameWidth": film.width,
    }  # fmt: skip
    return {"JobStatus": "SUCCEEDED", "VideoMetadata": about, **found}


__all__ = ["FILMS", "film_item", "labels", "make_films", "page"]
