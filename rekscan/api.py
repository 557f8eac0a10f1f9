"""The same from Python: a plan without a paid call, and a job for a cluster."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from PIL import Image

from jobs.apis import sort_out
from jobs.aws import clients
from jobs.conditions import conditioned
from jobs.errors import UsageError
from jobs.media.fetch import fetcher_of
from jobs.sources import is_local
from rekscan.flags import Amounts, Billing, Monthly, chosen_frames, chosen_near, chosen_regions
from rekscan.scans.engine import ledger_for_a_job
from rekscan.scans.order import Order, plan_order
from rekscan.scans.places import in_places
from rekscan.scans.priced import DEFAULT_REGION, PriceQuestion, document, priced
from rekscan.scans.run import hand_over
from rekscan.settings import resolve
from reports import pictures
from reports.tables.load import Tables
from reports.tables.load import load as load_tables


def load(job: str = "last", home: str | None = None, **settings: Any) -> Tables:
    """The tables of a job: `images`, one per API, `failures`, `costs`. `last` is the newest job.

    `home` is a directory or `s3://bucket/prefix`; by default REKSCAN_HOME, else ./rekscan-jobs. `settings`: region,
    profile, s3_endpoint_url, ... as the command line's flags, with underscores.
    Raises jobs.errors.RekscanError if there is no such job.
    """
    resolved = resolve(None, home=home, **settings)
    return load_tables(job, resolved.home, resolved.aws)


def estimate(
    source: str | Sequence[str] = (),
    *,
    api: str,
    when: str | Sequence[str] = (),
    first: Literal["local"] | None = None,
    images: int | None = None,
    monthly: int | None = None,
    months: int = 12,
    faces_per_image: Decimal = Decimal(1),
    start: date | None = None,
    frames: str | None = None,
    near: str | int | None = None,
    regions: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """The plan of a scan as `rekscan estimate --json` prints it: lines, total_usd, duration_s, months, assumptions.

    `when`: conditions, as "faces: labels has Person >= 60"; `conditions` says what each saves, as far as it is known.
    `first`: "local" has the bundled models look before ("moderation: local.nudity has any >= 5").
    `images`: so many, instead of a source. `monthly`: new images in each of `months` calendar months beside it,
    `total_usd` is the whole; `faces_per_image`: that they leave in a collection, for an API that stores them.
    `start`: first day, lays it over calendar months. `frames`: those of films are images, too (`1/s`, `shots`, ...).
    `near`: of pictures that look alike one is asked ("4": docs/near.md). `regions`: asked together, as
    "us-east-1,us-west-2"; `by_regions` says what the first ones alone would take.
    `settings`: region, home, endpoint_url, ... as the command line's flags, with underscores.
    Raises jobs.errors.RekscanError with what happened and what to do.
    """
    asked = sort_out([api], whole=False)
    resolved, places = in_places(resolve(None, **settings), chosen_regions(regions), DEFAULT_REGION)
    question = PriceQuestion(
        [(api, conditioned(asked, _list(when), first))],
        resolved,
        tuple(_list(source)),
        Amounts(images=images),
        Monthly(monthly, months, faces_per_image),
        Billing(start=start),
        frames=chosen_frames(frames, asked),
        near=chosen_near(_text(near), *asked.images),
        places=places,
    )
    ((_, plan),), _ = priced(question)
    return document(plan)


def submit(
    source: str | Sequence[str],
    *,
    api: str,
    when: str | Sequence[str] = (),
    first: Literal["local"] | None = None,
    max_cost: Decimal | None = None,
    frames: str | None = None,
    near: str | int | None = None,
    regions: str | None = None,
    sample: str | None = None,
    seed: int | None = None,
    beside: bool = False,
    accept_unknown_cost: bool = False,
    **settings: Any,
) -> str:
    """Hand a scan to the cluster of `redis_url` (or REKSCAN_REDIS_URL); the job's id. It is approved by this call.

    `when`: conditions, as "faces: labels has Person >= 60": that API is asked only where it holds.
    `first`: "local" has the bundled models look before, on the workers, for conditions to read.
    `frames`: asks about frames of films, too (`1/s`, `shots`, ...). `sample`: only so many images, drawn at random
    ("2%", "5000"); `seed`: another draw.
    `near`: of pictures that look alike one is asked ("4": docs/near.md). `regions`: asked together, as
    "us-east-1,us-west-2".
    `accept_unknown_cost`: also where the Region has no known price.

    Raises jobs.errors.RekscanError when a running job of the home may have some of its pictures, unless told to go
    `beside` it: both may be paid for them.
    """
    resolved = resolve(None, **settings)
    records = ledger_for_a_job(resolved) if resolved.redis_url else None
    if records is None:
        raise UsageError("submit hands the job to a cluster, and no Redis is named", "Set REKSCAN_REDIS_URL.")
    order = Order(
        max_cost=max_cost, when=_list(when), first=first, frames=frames, near=_text(near), regions=regions,
        sample=sample,
        seed=seed,
    )  # fmt: skip
    folder = plan_order(_list(source), [api], order, resolved).approved(
        yes=True, beside=beside, accept_unknown=accept_unknown_cost
    )
    hand_over(records, folder, resolved, beside=beside)
    return folder.job


def open_item(row: Mapping[str, Any], *, allow_private_urls: bool = False, **settings: Any) -> Image.Image:
    """The picture of a table's row, upright, as a Pillow image; one on S3 is fetched with your credentials.
    `allow_private_urls`: one by URL may be on this machine or its network.

    Raises jobs.errors.RekscanError when it cannot be opened any more.
    """
    if is_local(row["uri"]):
        return pictures.open_item(row)
    resolved = resolve(None, **settings)
    if pictures.is_frame(row):
        return pictures.open_item(row, s3=lambda: clients.s3(resolved.aws))
    return pictures.open_item(row, fetch=fetcher_of(resolved.aws, allow_private_urls=allow_private_urls))


def _text(value: str | int | None) -> str | None:
    """As it is typed on the command line."""
    return None if value is None else str(value)


def _list(source: str | Sequence[str]) -> list[str]:
    return [source] if isinstance(source, str) else list(source)
