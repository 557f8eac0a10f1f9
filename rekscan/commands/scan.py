"""`rekscan scan` and `rekscan submit`: plan, show, approve, run."""

from contextlib import ExitStack
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import Parameter

from jobs.apis import Choice, parse
from jobs.errors import UsageError
from jobs.folder import JobFolder, JobSpec
from jobs.known.duplicates import manifest
from jobs.plan_values import Plan
from jobs.progress import Status
from rekscan.approval import approve
from rekscan.follow import exit_code, follow
from rekscan.known import known_of
from rekscan.launch import Draft, create, draft, open_job, plan_of
from rekscan.output import print_json, print_line, talk
from rekscan.plan_view import show_plan
from rekscan.session import Engine
from rekscan.settings import Connection, Settings, resolve
from rekscan.summary import print_summary
from workers import app
from workers.reconcile import reconcile

ApiFlag = Annotated[
    list[str],
    Parameter(
        name="--api", help="APIs: `labels,faces` or `labels:min_confidence=70,max_labels=50`. See `rekscan apis`."
    ),
]
TpsFlag = Annotated[
    list[str] | None, Parameter(help="Calls per second of an API instead of its quota: `labels=20`. May be repeated.")
]
AgainFlag = Annotated[bool, Parameter(help="Pay again for what is known, duplicates too.", negative=())]
CostFlag = Annotated[Decimal | None, Parameter(help="Dollars this job may cost; it stops before the call over it.")]


def scan(
    source: Annotated[
        list[str], Parameter(help="Directories, s3://bucket/prefix, or lists (txt, csv, jsonl, parquet).")
    ],
    *,
    api: ApiFlag,
    connection: Connection | None = None,
    local: Annotated[
        bool, Parameter(help="Use the bundled emulator instead of AWS: free, offline, open models.")
    ] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.", negative=())] = False,
    dry_run: Annotated[bool, Parameter(help="Show the plan and stop.", negative=())] = False,
    max_cost: CostFlag = None,
    tps: TpsFlag = None,
    fit: Annotated[bool, Parameter(help="Mend what AWS refuses: convert, rotate, shrink.")] = True,
    peek: Annotated[bool, Parameter(help="Look at the first bytes of S3 objects before sending them.")] = True,
    column: Annotated[
        str | None, Parameter(help="Column of a CSV or Parquet list that holds the paths or URLs.")
    ] = None,
    again: AgainFlag = False,
    workers: Annotated[int | None, Parameter(help="Worker processes to start here [1].")] = None,
    shard_size: Annotated[int | None, Parameter(help="Items in a shard, at most 500 [200].")] = None,
    json: Annotated[bool, Parameter(help="Follow quietly and end with the status document.", negative=())] = False,
) -> int:
    """Scan pictures: plan, show the price, ask, run, follow, write tables.

    Example: `rekscan scan ~/Pictures --api labels,faces --local`
    """
    settings = resolve(connection, workers=workers, shard_size=shard_size)
    choices = parse(api)
    drafted, plan = _plan(
        source, choices, settings, local=local, tps=tps, column=column, fit=fit, again=again, quiet=json
    )
    try:
        if not json or dry_run:
            _show(plan, as_json=json)
        if dry_run:
            drafted.folder.remove()
            return 0
        approve(plan, yes=yes or local, max_cost=max_cost, threshold=settings.approve_under)
        spec = create(
            drafted,
            choices,
            plan,
            settings,
            local=local,
            fit=fit,
            peek=peek,
            exact_tps=bool(tps),
            max_cost=max_cost,
            again=again,
        )
    except BaseException:
        if drafted.folder.read("job.json") is None:
            drafted.folder.remove()
        raise
    return run_here(drafted.folder, settings, local=local, json=json, spec=spec)


def submit(
    source: Annotated[
        list[str], Parameter(help="Directories, s3://bucket/prefix, or lists (txt, csv, jsonl, parquet).")
    ],
    *,
    api: ApiFlag,
    connection: Connection | None = None,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.", negative=())] = False,
    max_cost: CostFlag = None,
    tps: TpsFlag = None,
    fit: Annotated[bool, Parameter(help="Mend what AWS refuses: convert, rotate, shrink.")] = True,
    peek: Annotated[bool, Parameter(help="Look at the first bytes of S3 objects before sending them.")] = True,
    column: Annotated[
        str | None, Parameter(help="Column of a CSV or Parquet list that holds the paths or URLs.")
    ] = None,
    again: AgainFlag = False,
    shard_size: Annotated[int | None, Parameter(help="Items in a shard, at most 500 [200].")] = None,
) -> int:
    """Hand a scan to a running cluster and print the job id; `rekscan watch JOB` follows it.

    Example: `rekscan submit s3://bucket/2019/ --api labels --yes --redis-url redis://queue:6379/0 --home s3://bucket/jobs`
    """
    settings = resolve(connection, shard_size=shard_size)
    if settings.redis_url is None:
        raise UsageError(
            "submit hands the job to a cluster, and no Redis is named",
            "Set REKSCAN_REDIS_URL (docker-compose.yml starts one), or run it here with `rekscan scan`.",
        )
    choices = parse(api)
    with Engine(settings, local=False) as engine:
        drafted, plan = _plan(
            source, choices, settings, local=False, tps=tps, column=column, fit=fit, again=again, quiet=False
        )
        try:
            _show(plan, as_json=False)
            approve(plan, yes=yes, max_cost=max_cost, threshold=settings.approve_under)
            spec = create(
                drafted,
                choices,
                plan,
                settings,
                local=False,
                fit=fit,
                peek=peek,
                exact_tps=bool(tps),
                max_cost=max_cost,
                again=again,
            )
        except BaseException:
            if drafted.folder.read("job.json") is None:
                drafted.folder.remove()
            raise
        ledger = engine.start(spec)
        open_job(ledger, drafted.folder)
        reconcile(ledger, app.ring)
    print_line(spec.job)
    return 0


def run_here(
    folder: JobFolder, settings: Settings, *, local: bool, json: bool, spec: JobSpec, max_cost: Decimal | None = None
) -> int:
    """Run a job that exists, follow it, and print what came of it."""
    with Engine(settings, local=local) as engine:
        talk.print(f"job [bold]{spec.job}[/bold] in {folder.where}")
        try:
            ledger = engine.start(spec)
            open_job(ledger, folder, rekognition_url=engine.rekognition_url, max_cost=max_cost)
            status = follow(ledger, folder, tend=engine.tend, quiet=json)
        except KeyboardInterrupt:
            talk.print()
            if engine.supervisor is None:
                talk.print(f"The job goes on without you. `rekscan watch {spec.job}` follows it again.")
            else:
                talk.print(f"Interrupted. Nothing is lost: `rekscan resume {spec.job}` goes on where it stopped.")
            return 130
    _end(folder, status, json=json)
    return exit_code(status)


def _end(folder: JobFolder, status: Status, *, json: bool) -> None:
    if json:
        print_json(status.to_json())
    else:
        print_summary(folder, status)


def _plan(
    source: list[str],
    choices: tuple[Choice, ...],
    settings: Settings,
    *,
    local: bool,
    tps: list[str] | None,
    column: str | None,
    fit: bool,
    again: bool,
    quiet: bool,
) -> tuple[Draft, Plan]:
    region = settings.aws_region("us-east-1" if local else None)
    with ExitStack() as stack:
        progress: Any = None
        if not quiet:
            listing = stack.enter_context(talk.status("listing"))
            progress = lambda c: listing.update(f"listing: {c.images:,} images, {sum(c.skipped.values()):,} skipped")  # noqa: E731
        drafted = draft(source, settings, region, column=column, progress=progress)
    try:
        known = known_of(
            lambda: manifest(drafted.folder), drafted.counts, choices, settings, local=local, fit=fit, again=again
        )
        return drafted, plan_of(choices, drafted.counts, region, tps=rates(tps), known=known)
    except BaseException:
        drafted.folder.remove()
        raise


def rates(tps: list[str] | None) -> dict[str, float]:
    """`["labels=20", "faces=5"]` -> {"labels": 20.0, "faces": 5.0}."""
    found: dict[str, float] = {}
    for text in (part for value in tps or [] for part in value.split(",")):
        name, _, number = text.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise UsageError(f"--tps {text}: not a rate", "Write --tps labels=20") from None
        if found[name.strip()] <= 0:
            raise UsageError(f"--tps {text}: a rate is above 0", "`rekscan pause` stops a job.")
    return found


def _show(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(plan.to_json())
    else:
        show_plan(plan, talk)
