"""`rekscan estimate`: price and duration of a scan, from a source or from plain numbers. Makes no paid call.

Rule: what is typed goes to `rekscan/scans/priced.py`, and what comes back is only printed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from jobs.apis import parse, sort_out
from jobs.conditions import conditioned
from jobs.errors import RekscanError, UsageError
from jobs.later import Later
from jobs.money.stored import stored_prices
from jobs.plan import pilot as plan_sample
from jobs.plan.build import Plan
from jobs.plan.page import markdown as page_markdown
from jobs.plan.page import page_of
from jobs.plan.pilot import Extrapolation
from jobs.plan.s3_requests import s3_lines, s3_text
from jobs.plan.text import CSV, csv_rows
from rekscan.console.output import print_document, print_json, print_lines, say
from rekscan.console.plan import show_plan, show_plans, stdout
from rekscan.flags import (
    EXCLUDE,
    FIRST,
    FRAMES,
    INCLUDE,
    NEAR,
    PAYER,
    REGIONS,
    WHEN,
    Amounts,
    Billing,
    Flag,
    Many,
    Monthly,
    Pilot,
    chosen_frames,
    chosen_near,
    chosen_regions,
)
from rekscan.scans.places import in_places
from rekscan.scans.priced import DEFAULT_REGION, PriceQuestion, document, priced
from rekscan.settings import Connection, resolve

if TYPE_CHECKING:
    from rekscan.scans import who_answers
    from reports import spreadsheet_safe
    from reports.views import estimate_page
else:
    who_answers = Later("rekscan.scans.who_answers")
    spreadsheet_safe, estimate_page = Later("reports.spreadsheet_safe"), Later("reports.views.estimate_page")


def estimate(
    *sources: str,
    api: Many = None,
    compare: Annotated[list[str] | None, Parameter(negative=(), consume_multiple=True)] = None,
    when: Annotated[list[str] | None, Parameter(help=WHEN, negative=())] = None,
    first: Annotated[Literal["local"] | None, Parameter(help=FIRST, negative=())] = None,
    column: str | None = None,
    exclude: Annotated[list[str] | None, Parameter(help=EXCLUDE, negative=())] = None,
    request_payer: Annotated[bool, Parameter(help=PAYER, negative=())] = False,
    include: Annotated[list[str] | None, Parameter(help=INCLUDE, negative=())] = None,
    amounts: Amounts | None = None,
    monthly: Monthly | None = None,
    billing: Billing | None = None,
    pilot: Pilot | None = None,
    connection: Connection | None = None,
    stage: str | None = None,
    transcode: Flag = False,
    probe: bool = True,
    frames: Annotated[str | None, Parameter(help=FRAMES, negative=())] = None,
    near: Annotated[str | None, Parameter(help=NEAR, negative=())] = None,
    regions: Annotated[str | None, Parameter(help=REGIONS, negative=())] = None,
    again: Flag = False,
    strict: Flag = False,
    json: Flag = False,
    csv: Flag = False,
    explain: Flag = False,
    html: Path | None = None,
    markdown: Flag = False,
) -> int:
    """Price and duration of a scan, without a paid call.

    rekscan estimate --images 2500000 --api moderation

    Parameters
    ----------
    sources
        What to scan: a directory, s3://bucket/prefix, an S3 Inventory manifest or a list file.
    api
        APIs, comma-separated, with parameters as labels:min_confidence=70. Repeatable.
    compare
        Several API sets side by side: --compare labels labels,faces labels,faces,text.
    column
        Column of a CSV or Parquet list that holds the paths or URLs.
    stage
        s3://bucket/prefix: price the upload of videos of this machine, too.
    transcode
        Price videos of this machine that ffmpeg on PATH would make into H.264, too.
    probe
        Look at each video for its length, by a few small reads, where a video API is asked for; --no-probe takes
        --video-average.
    again
        Price what an earlier job answered, and duplicates, once more.
    strict
        Exit with 1 when a part of the price is unknown.
    json
        Print the document of the plan.
    csv
        Print a row per API, month and price tier.
    explain
        List all that the price takes for granted.
    html
        Write it as one HTML page to send to whoever pays: price by API and month, what it rests on, sources.
    markdown
        Print that page as Markdown.
    """
    pilot = pilot or Pilot()
    drawn = pilot.is_asked(sources, compare)
    _refuse_mixed(api, compare or ())
    sets = [(name, sort_out([name], whole=drawn)) for name in compare or [",".join(api or ())]]
    if (when or first) and compare:
        raise UsageError("--when and --first are of one estimate", "Leave --compare out, or them.")
    if when or first:
        sets = [(name, conditioned(asked, when or (), first)) for name, asked in sets]
    settings = resolve(connection, stage=stage)
    settings, places = in_places(settings, chosen_regions(regions), DEFAULT_REGION, local=pilot.local)
    question = PriceQuestion(
        sets, settings, sources, amounts or Amounts(), monthly or Monthly(),
        billing or Billing(), pilot, column, include or (), exclude or (), request_payer, probe, again, transcode,
        chosen_frames(frames, *(asked for _, asked in sets)),
        chosen_near(near, *(choice for _, asked in sets for choice in asked.images)),
        places,
    )  # fmt: skip
    if not all(asked.images or asked.videos for _, asked in sets) and question.asks_of_items:
        parse([])  # says which APIs there are
    if drawn and not sets[0][1].images:
        raise UsageError(f"{pilot.flag} sends images, and no image API is asked for", f"Leave {pilot.flag} out.")
    if (html or markdown) and len(sets) > 1:
        raise UsageError("a page is of one estimate", "Leave --compare out, or --html and --markdown.")
    plans, found = priced(question, quiet=json)
    page = page_of(plans[0][1], sources=sources, beside=beside(plans[0][1], found), made=datetime.now(UTC).date())
    if html:
        _write(html, estimate_page.html(page))
    if markdown:
        print_lines(page_markdown(page))
        return int(strict and not plans[0][1].complete)
    if pilot.local and not (json or csv):
        say((who_answers.not_aws(question.settings, local=True), "bold"))
    show(plans, found, as_json=json, as_csv=csv, compared=compare is not None, explain=explain)
    return int(strict and not all(built.complete for _, built in plans))


def _refuse_mixed(api: Sequence[str] | None, compare: Sequence[str]) -> None:
    """Raises UsageError where what is compared is not told once each."""
    if api and compare:
        raise UsageError("--compare names the APIs of each set, and --api some more", "Leave one of the two out.")
    sets = [sorted(part.strip() for part in name.split(",")) for name in compare]
    if twice := next((name for name, one in zip(compare, sets, strict=True) if sets.count(one) > 1), None):
        raise UsageError(f"--compare {twice}: it is there twice", "Name each set once.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RekscanError(f"{path} cannot be written: {error.strerror}", "Name another file.") from error
    say(f"{path} has it as a page")


def show(
    plans: Sequence[tuple[str, Plan]],
    found: Extrapolation | None,
    *,
    as_json: bool,
    as_csv: bool,
    compared: bool,
    explain: bool,
) -> None:
    """Print on stdout."""
    if as_csv:
        print_document(map(spreadsheet_safe.csv_line, [CSV, *csv_rows(plans)]))
    elif as_json:
        documents = [document(built) for _, built in plans]
        sets = [{"apis": name.split(","), **doc} for (name, _), doc in zip(plans, documents, strict=True)]
        sampled = {"sample": found.to_json()} if found else {}
        print_json({"compare": sets} if compared else {**documents[0], **sampled})
    elif compared:
        show_plans(plans, stdout(), explain=explain)
    else:
        show_plan(plans[0][1], stdout(), explain=explain, beside=beside(plans[0][1], found))


def beside(built: Plan, found: Extrapolation | None) -> list[str]:
    """What S3 bills, and what a pilot found."""
    lines = s3_text(s3_lines(built, stored_prices()))
    return [*lines, *(["", plan_sample.text(found)] if found else [])]
