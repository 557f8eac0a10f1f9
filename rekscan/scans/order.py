"""What a scan is asked to do, and the way from there to an approved job: the same for `scan`, `submit` and Python."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from jobs.apis import Asked, ask, requests
from jobs.conditions import conditioned
from jobs.costs.month_cap import MonthCap
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder
from jobs.folder.films import all_films
from jobs.known.duplicates import manifest
from jobs.money.stored import stored_prices
from jobs.plan.values import Plan
from jobs.sample.asked import sample_size
from jobs.sources import Globs
from jobs.words import dollars
from rekscan.flags import (
    BESIDE,
    EXCLUDE,
    FIRST,
    FRAMES,
    INCLUDE,
    NEAR,
    PAYER,
    PRIVATE,
    REGIONS,
    SAMPLE,
    SEED,
    STAGE,
    TRANSCODE,
    WHEN,
    cap,
    chosen_frames,
    chosen_near,
    chosen_regions,
    rates,
)
from rekscan.scans.approval import approve, price
from rekscan.scans.beside import Rival
from rekscan.scans.create import create
from rekscan.scans.draft import Draft, cannot_write, draft, plan_of
from rekscan.scans.elsewhere import not_aws_itself
from rekscan.scans.films import refuse_local_films, refuse_to_transcode
from rekscan.scans.first import check_first
from rekscan.scans.following import Following
from rekscan.scans.inputs import check_inputs
from rekscan.scans.known_films import known_films_of
from rekscan.scans.listing import Progress, known_at_most, reach
from rekscan.scans.models import check_models
from rekscan.scans.month_cap import months_cap, note, set_cap
from rekscan.scans.near import Told
from rekscan.scans.pairs import with_known_pairs
from rekscan.scans.places import in_places, with_accounts
from rekscan.scans.sampled import of_sample, refuse_to_sample
from rekscan.scans.savings import known_of
from rekscan.scans.stages import check_stage
from rekscan.scans.terms import Terms
from rekscan.scans.tried import with_known_shares
from rekscan.scans.who_answers import not_aws
from rekscan.settings import Settings

_LOCAL_REGION = "us-east-1"  # of a local scan that names none: the emulator has no Region


@Parameter(name="*")
@dataclass(frozen=True)
class Order:
    """Flags that `scan` and `submit` share."""

    yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.", negative=())] = False
    max_cost: Annotated[
        Decimal | None, Parameter(help="Dollars this job may cost; it stops before the call over it.")
    ] = None
    when: Annotated[list[str] | None, Parameter(help=WHEN, negative=())] = None
    first: Annotated[Literal["local"] | None, Parameter(help=FIRST)] = None
    near: Annotated[str | None, Parameter(help=NEAR)] = None
    regions: Annotated[str | None, Parameter(help=REGIONS)] = None
    month_cap: Annotated[
        Decimal | None,
        Parameter(help="Dollars all jobs of the home may cost in a calendar month, from now on (see `rekscan cap`)."),
    ] = None
    sample: Annotated[str | None, Parameter(help=SAMPLE)] = None
    seed: Annotated[int | None, Parameter(help=SEED)] = None
    tps: Annotated[
        list[str] | None,
        Parameter(help="Calls per second of an API instead of its quota: labels=20. May be repeated.", negative=()),
    ] = None
    fit: Annotated[bool, Parameter(help="Mend what AWS refuses: convert, rotate, shrink.")] = True
    peek: Annotated[bool, Parameter(help="Look at the first bytes of S3 objects before sending them.")] = True
    accept_unknown_cost: Annotated[
        bool, Parameter(help="Go on where the Region has no known price; nothing caps that.", negative=())
    ] = False
    again: Annotated[bool, Parameter(help="Pay again for what is known, duplicates too.", negative=())] = False
    beside: Annotated[bool, Parameter(help=BESIDE, negative=())] = False
    column: Annotated[str | None, Parameter(help="Column of a CSV or Parquet list with the paths or URLs.")] = None
    versions: Annotated[
        bool, Parameter(help="Keep each S3 object's version and send that one. Lists slower.", negative=())
    ] = False
    exclude: Annotated[list[str] | None, Parameter(help=EXCLUDE, negative=())] = None
    include: Annotated[list[str] | None, Parameter(help=INCLUDE, negative=())] = None
    request_payer: Annotated[bool, Parameter(help=PAYER, negative=())] = False
    allow_private_urls: Annotated[bool, Parameter(help=PRIVATE, negative=())] = False
    stage: Annotated[str | None, Parameter(help=STAGE)] = None
    transcode: Annotated[bool, Parameter(help=TRANSCODE, negative=())] = False
    video_jobs: Annotated[
        int | None,
        Parameter(
            help="Jobs on stored video open at once, of all scans of the account [the quota: 20].",
            validator=Number(gte=1),
        ),
    ] = None
    frames: Annotated[str | None, Parameter(help=FRAMES)] = None
    shard_size: Annotated[int | None, Parameter(help="Items in a shard, at most 500 [200; 100 with 4 APIs].")] = None

    def terms(self, asked: Asked, settings: Settings, *, local: bool) -> Terms:
        """What was typed, resolved. Raises UsageError."""
        asked = conditioned(asked, self.when or (), self.first)
        settings, places = in_places(
            settings, chosen_regions(self.regions), _LOCAL_REGION if local else None, local=local
        )
        return Terms(
            asked.images,
            settings.with_shards_for(len(requests((*asked.first, *asked.images)))),
            settings.aws_region(_LOCAL_REGION) if local else settings.region_of_aws(),
            asked.videos,
            self.video_jobs,
            chosen_frames(self.frames, asked),
            chosen_near(self.near, *asked.images),
            first=asked.first,
            places=places,
            local=local,
            transcode=self.transcode,
            fit=self.fit,
            peek=self.peek,
            again=self.again,
            column=self.column,
            versions=self.versions,
            globs=Globs(tuple(self.include or ()), tuple(self.exclude or ())),
            request_payer=self.request_payer,
            allow_private_urls=self.allow_private_urls,
            tps=rates(self.tps or ()),
            max_cost=cap(self.max_cost),
            month_cap=cap(self.month_cap, "--month-cap"),
            sample=sample_size(self.sample, self.seed),
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """A listed source with its plan: not a job yet. `discard` it, or make it one."""

    terms: Terms
    drafted: Draft
    plan: Plan
    month_cap: MonthCap | None = None  # of the home, with this scan's own
    rivals: tuple[Rival, ...] = ()  # running jobs of the home that may have its pictures

    def discard(self) -> None:
        self.drafted.folder.remove()

    def approved(self, *, yes: bool = False, beside: bool = False, accept_unknown: bool = False) -> JobFolder:
        """Ask for approval where it takes one, and write job.json. What is not approved is gone.

        Raises RekscanError where a rival runs, unless this one goes `beside` it.
        """
        terms, folder = self.terms, self.drafted.folder
        try:
            if self.rivals and not beside:
                raise self.rivals[0].refusal
            _refuse_vain_cap(self.plan, terms)
            approve(
                self.plan,
                yes=yes or terms.local,
                max_cost=terms.max_cost,
                threshold=terms.settings.approve_under,
                accept_unknown=accept_unknown or terms.local,
            )
            if terms.month_cap is not None:
                set_cap(terms.settings, terms.month_cap)
            create(self.drafted, terms, self.plan)
        except OSError as error:
            self.discard()
            raise cannot_write(folder, error) from error
        except BaseException:
            if folder.read("job.json") is None:
                self.discard()
            raise
        return folder


def plan_order(
    source: list[str],
    api: list[str],
    order: Order,
    settings: Settings,
    *,
    local: bool = False,
    progress: Progress | None = None,
    told: Told | None = None,
) -> Planned:
    """List the source and price it. `progress`: of the listing; `told`: of what comes after."""
    terms = order.terms(ask(api), settings, local=local)
    not_aws_itself(settings, local=local)
    if terms.month_cap is not None and not_aws(settings, local=local):
        raise UsageError("--month-cap counts what AWS bills, which this scan does not ask", "Leave --month-cap out.")
    refuse_to_sample(terms)
    refuse_local_films(source, terms)
    refuse_to_transcode(terms)
    check_stage(source, terms)
    check_inputs(terms.choices, fit=terms.fit)
    check_first(terms.first, settings)
    terms = check_models(terms)
    if any(place.profile for place in terms.places):
        terms = replace(terms, places=with_accounts(terms.places, terms.settings, terms.region))
    drafted = draft(source, terms, limit=_limit(terms), progress=progress, told=told)
    try:
        known = known_of(
            lambda: manifest(drafted.folder),
            drafted.counts,
            terms,
            whole=drafted.listing is None,
            follow=drafted.follow,
        ).and_of(known_films_of(lambda: all_films(drafted.folder), terms, drafted.film_root))
        plan = with_known_shares(plan_of(terms, drafted.counts, known), terms, source, _following(drafted))
        plan = with_known_pairs(plan, terms, source)
        plan = plan.held_to(terms.max_cost) if terms.max_cost is not None else plan
        plan = plan.cut_by_cap() if drafted.listing else plan
        if drafted.sampled:
            plan = of_sample(plan, plan_of(terms, drafted.sampled.source), drafted.sampled, terms)
        capped = None
        if said := not_aws(settings, local=local):
            plan = plan.assuming((said, *plan.assumptions))
        elif capped := _capped(terms):
            plan = plan.assuming((note(capped, plan), *plan.assumptions))
    except BaseException:
        drafted.folder.remove()
        raise
    return Planned(terms, drafted, plan, capped, known.rivals)


def _refuse_vain_cap(plan: Plan, terms: Terms) -> None:
    """Raises RekscanError where the job's cap pays for no call, and no answer may be known, so that nothing would come
    of it."""
    cap = terms.max_cost
    if cap is None or not plan.total or plan.earlier or terms.videos:
        return
    regions = (terms.region, *(place.region for place in terms.places))
    if any(reach(terms.choices, region, stored_prices(), cap) != 0 for region in regions):
        return
    if plan.unread and not terms.again and known_at_most(terms.choices, terms.settings):
        return
    raise RekscanError(
        f"--max-cost {dollars(cap)} pays for no call, of {price(plan)} that all of them cost", "Raise --max-cost."
    )


def _following(drafted: Draft) -> Following | None:
    return None if drafted.follow is None else Following(lambda: manifest(drafted.folder), drafted.follow)


def _capped(terms: Terms) -> MonthCap | None:
    """The home's cap, as it will be once the scan runs."""
    return months_cap(terms.settings, usd=terms.month_cap)


def _limit(terms: Terms) -> int | None:
    """Images that the cap can pay for at the very most, with those that may be known; None: any number."""
    # Films are all looked at before the first is sent, a sample is drawn from all there is, and so is --near.
    # In several Regions nobody knows yet which price a call will have.
    if terms.max_cost is None or terms.videos or terms.frames or terms.sample or terms.near or terms.places:
        return None
    limit = reach(terms.choices, terms.region, stored_prices(), terms.max_cost)
    return limit if limit is None or terms.again else limit + known_at_most(terms.choices, terms.settings)
