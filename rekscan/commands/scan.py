"""`rekscan scan` and `rekscan submit`: plan, show, approve, run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from cyclopts import Parameter

from jobs import documents
from jobs.counts import Counts
from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.ledger import Ledger
from jobs.money.stored import stored_prices
from jobs.plan.s3_requests import s3_json, s3_lines, s3_text
from rekscan.console.output import print_json, print_line, say, talk
from rekscan.console.plan import show_plan, stdout
from rekscan.scans.engine import ledger_for_a_job
from rekscan.scans.frames import refuse_no_decoder
from rekscan.scans.hosts import hosts_need
from rekscan.scans.listing import Progress
from rekscan.scans.month_cap import note
from rekscan.scans.near import Told
from rekscan.scans.order import Order, Planned, plan_order
from rekscan.scans.run import hand_over, run_here
from rekscan.scans.who_answers import not_aws
from rekscan.settings import Connection, resolve

SourceArg = Annotated[
    list[str], Parameter(help="Directories, s3://bucket/prefix, or lists (txt, csv, jsonl, parquet).", negative=())
]
ApiFlag = Annotated[
    list[str],
    Parameter(
        name="--api",
        help="APIs: labels,video-labels or labels:min_confidence=70,max_labels=50. `rekscan apis` lists them.",
        negative=(),
    ),
]


def scan(
    source: SourceArg,
    *,
    api: ApiFlag,
    order: Order | None = None,
    connection: Connection | None = None,
    local: Annotated[
        bool, Parameter(help="Use the bundled emulator instead of AWS: free, offline.", negative=())
    ] = False,
    dry_run: Annotated[bool, Parameter(help="Show the plan and stop.", negative=())] = False,
    workers: Annotated[int | None, Parameter(help="Worker processes to start here [1].")] = None,
    json: Annotated[bool, Parameter(help="Follow quietly and end with the status document.", negative=())] = False,
) -> int:
    """Scan pictures and films: plan, show the price, ask, run, follow, write tables.

    Example: `rekscan scan ~/Pictures --api labels,faces --local`
    """
    order = order or Order()
    settings = resolve(connection, workers=workers, shard_size=order.shard_size, stage=order.stage)
    if not dry_run:
        refuse_no_decoder(order.frames)
    records = None if dry_run else ledger_for_a_job(settings)
    with _listing(quiet=json) as (progress, told):
        planned = plan_order(source, api, order, settings, local=local, progress=progress, told=told)
    if dry_run:
        planned.discard()
        if json:
            print_json(planned.plan.to_json() | _staged_json(planned) | _sample_json(planned))
            return 0
        _say_who_answers(planned)
        show_plan(planned.plan, stdout(), explain=True, beside=_staged(planned))
        return 0
    if not json:
        show_plan(planned.plan, talk, brief=True, beside=_staged(planned))
        _say_who_answers(planned)
    folder = _approved(planned, order, records if settings.redis_url else None)
    return run_here(folder, settings, json=json, new=True, beside=order.beside)


def submit(source: SourceArg, *, api: ApiFlag, order: Order | None = None, connection: Connection | None = None) -> int:
    """Hand a scan to a running cluster and print the job id; `rekscan watch JOB` follows it.

    Example: `rekscan submit s3://bucket/2019/ --api labels --yes --redis-url redis://queue:6379/0 --home s3://bucket/jobs`
    """
    order = order or Order()
    settings = resolve(connection, shard_size=order.shard_size, stage=order.stage)
    records = ledger_for_a_job(settings) if settings.redis_url else None
    if records is None:
        raise UsageError(
            "submit hands the job to a cluster, and no Redis is named",
            "Set REKSCAN_REDIS_URL (docker-compose.yml starts one), or run it here with `rekscan scan`.",
        )
    with _listing(quiet=False) as (progress, told):
        planned = plan_order(source, api, order, settings, progress=progress, told=told)
    show_plan(planned.plan, talk, brief=True, beside=_staged(planned))
    _say_who_answers(planned)
    folder = _approved(planned, order, records)
    hand_over(records, folder, settings, beside=order.beside)
    print_line(folder.job)
    return 0


def _staged(planned: Planned) -> list[str]:
    """What S3 bills where this scan reads or uploads more than others: it is not Rekognition's, and so not in the
    total."""
    return s3_text(s3_lines(planned.plan, stored_prices())) if _asks_more_of_s3(planned) else []


def _staged_json(planned: Planned) -> dict[str, Any]:
    return {"s3": s3_json(s3_lines(planned.plan, stored_prices()))} if _asks_more_of_s3(planned) else {}


def _asks_more_of_s3(planned: Planned) -> bool:
    """Whether films are uploaded, pictures compared, looked at by the bundled models, or sent to other Regions."""
    plan, counts = planned.plan, planned.plan.counts
    return bool(counts.staged or counts.near_gets or ((plan.first or plan.places) and counts.s3_images))


def _sample_json(planned: Planned) -> dict[str, Any]:
    listing = planned.drafted.sampled
    return {"sample": documents.to_json(listing.record())} if listing else {}


def _say_who_answers(planned: Planned) -> None:
    """Where it is not AWS: a price above must not be taken for one that is paid, nor the other way round. And what the
    home may pay."""
    if said := not_aws(planned.terms.settings, local=planned.terms.local):
        say((said, "bold"))
    elif planned.month_cap is not None:
        say(note(planned.month_cap, planned.plan))


def _approved(planned: Planned, order: Order, records: Ledger | None) -> JobFolder:
    """What a plan cannot tell is said before anybody is asked. `records`: of a cluster."""
    drafted, settings = planned.drafted, planned.terms.settings
    if records is not None and (need := hosts_need(records, drafted.folder, drafted.sources, settings)):
        say((need, "yellow"))
    for rival in planned.rivals if order.beside else ():
        say((rival.note, "yellow"))
    return planned.approved(yes=order.yes, beside=order.beside, accept_unknown=order.accept_unknown_cost)


@contextmanager
def _listing(*, quiet: bool) -> Iterator[tuple[Progress | None, Told | None]]:
    """Says how far the listing is, and what comes after it."""
    if quiet:
        yield None, None
        return
    with talk.status("listing") as shown:

        def progress(counts: Counts) -> None:
            shown.update(f"listing: {counts.images:,} images, {sum(counts.skipped.values()):,} skipped")

        yield progress, shown.update
