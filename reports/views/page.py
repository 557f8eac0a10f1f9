"""The page: values into HTML.

Rule: everything is escaped by the template engine, and the page's own policy (CSP) allows nothing but its own style,
its own script (by their hashes) and pictures beside it: no network, no inline handlers, no style attributes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jobs.folder import JobSpec
from jobs.folder.spec import Options
from jobs.folder.whose import unpaid, whose
from jobs.money.stored import stored_prices
from jobs.words import clock, count, dollars, duration, short, size
from reports.bands import EDGES, band_title
from reports.facts.headline import headline
from reports.facts.values import Bar, Calls, Chart, Facts, Films, Gallery, Timeline
from reports.review.verdicts import Review
from reports.spreadsheet_safe import DANGER, NUMBER
from reports.views import of_all
from reports.views.links import file_link

COLORS = 8  # of APIs, in report.css
_SKIPPED_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Page:
    """All the page shows. `status` is the document of `rekscan status --json`, {} where there is none."""

    spec: JobSpec
    facts: Facts
    gallery: Gallery
    films: Films
    wanted: str  # what the films are narrowed to
    status: Mapping[str, Any] = field(default_factory=dict)
    partial: str | None = None
    min_confidence: float | None = None
    review: Review | None = None


def render(page: Page) -> str:
    """The page as HTML."""
    css, script = asset("report.css"), asset("report.js") + asset("judge.js")
    planned = {choice.api.name: page.spec.planned(choice) for choice in page.spec.choices}
    calls = [_tally(one, page.status, planned[one.api]) for one in page.facts.calls]
    totals = (
        {name: sum(one[name] for one in calls) for name in calls[0] if name not in ("api", "when")} if calls else {}
    )
    policy = (
        f"default-src 'none'; img-src {_pictures(page.gallery)}; "
        f"style-src '{digest(css)}'; script-src '{digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    return environment().get_template("report.html").render(
        spec=page.spec,
        facts=page.facts,
        gallery=page.gallery,
        films=page.films,
        note=page.wanted,
        sensitive_stills=sum(still.sensitive for strip in page.films.strips for still in strip.stills),
        partial=page.partial,
        min_confidence=page.min_confidence,
        review=page.review,
        bands=[band_title(number) for number in range(len(EDGES) - 1)],
        usd=page.status.get("usd"),
        first=page.status.get("first", {}),
        fetched=page.gallery.fetched + page.films.fetched,
        fetched_bytes=page.gallery.fetched_bytes + page.films.fetched_bytes,
        unpaid=unpaid(page.spec),
        fetch_usd=_fetch_usd(page),
        headline=headline(page.facts, min_confidence=page.min_confidence, note=unpaid(page.spec)),
        of_all=of_all,
        calls=calls,
        totals=totals,
        tiles=_tiles(page, totals),
        items_chart=_items_chart(page.facts),
        skips_chart=_shares("bars", "Left out while listing", page.facts.skips, "items by reason", _SKIPPED_SHOWN),
        time_axis=_axis(page.facts.timeline) if page.facts.timeline else None,
        colors={choice.api.name: number % COLORS for number, choice in enumerate(page.spec.choices)},
        in_gallery={choice.api.name for choice in page.spec.apis} if page.gallery.shots else set(),
        shown_items={shot.item_id for shot in page.gallery.shots},
        sensitive=sum(shot.sensitive for shot in page.gallery.shots),
        about=_about(page),
        danger=json.dumps(DANGER),
        number=json.dumps(NUMBER),
        csp=policy,
        css=Markup(css),  # noqa: S704  our own files
        script=Markup(script),  # noqa: S704
    )  # fmt: skip


def _pictures(gallery: Gallery) -> str:
    """Where pictures may come from: beside the page, or out of it where it is a single file."""
    inside = any((shot.thumbnail or "").startswith("data:") for shot in gallery.shots)
    return "data:" if inside else "'self' file:"


def asset(name: str) -> str:
    """A file of ours that goes into a page."""
    return files("reports.views").joinpath("templates", name).read_text(encoding="utf-8")


def without_scripts(css: str) -> str:
    """The policy of a page that has no script."""
    return f"default-src 'none'; style-src '{digest(css)}'; base-uri 'none'; form-action 'none'"


def digest(text: str) -> str:
    """As a page's policy names what it allows."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def environment() -> Environment:
    """What fills templates in: everything is escaped. Each template is compiled once."""
    environment = Environment(
        loader=PackageLoader("reports.views", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "n": lambda value: "" if value is None else count(value, 1),
        "usd": dollars,
        "bytes": size,
        "short": short,
        "time": lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "ratio": lambda value: f"{value:.6f}",
        "clock": clock,
        "duration": lambda ms: duration(ms / 1000),
        "seconds": lambda ms: f"{ms / 1000:.3f}".rstrip("0").rstrip("."),
        "source": file_link,
        "count_of": lambda value, noun: f"{count(value)} {noun}{'' if value == 1 else 's'}",
    }
    return environment


def _tally(one: Calls, status: Mapping[str, Any], otherwise: int) -> dict[str, Any]:
    """Calls of one API and those still to come. `otherwise`: how many were planned, where the status does not say."""
    planned = max(status.get("by_api", {}).get(one.api, {}).get("planned", otherwise), one.total)
    return {
        "api": one.api,
        "planned": planned,
        "ok": one.ok,
        "skipped": one.skipped,
        "failed": one.failed,
        "not_asked": one.not_asked,
        "when": one.when,
        "undecided": one.undecided,
        "pending": planned - one.total,
        "maybe_billed": one.maybe_billed,
    }


def _tiles(page: Page, totals: Mapping[str, int]) -> Sequence[Mapping[str, str]]:
    facts, timeline = page.facts, page.facts.timeline
    seconds = (timeline.end - timeline.start).total_seconds() if timeline else 0
    items = sum(facts.items.values())
    tiles = [
        ("Items", count(items), size(facts.bytes)),
        ("Calls answered", count(totals.get("ok", 0)), f"of {count(totals.get('planned', 0))} planned"),
        ("Failed", count(totals.get("failed", 0)), f"{count(totals.get('skipped', 0))} more never sent"),
    ]
    if money := page.status.get("usd"):
        tiles.append(_cost_tile(page.spec, money))
    if timeline and seconds >= 1:
        tiles.append(("Took", duration(seconds), f"{count(totals['ok'] / seconds, 1)} calls/s on average"))
    tiles.append(("Found", count(sum(api.rows for api in facts.found)), "rows in the tables"))
    return [dict(zip(("title", "value", "note"), tile, strict=True)) for tile in tiles]


def _cost_tile(spec: JobSpec, money: Mapping[str, Any]) -> tuple[str, str, str]:
    actual = dollars(money.get("actual"))
    if unpaid(spec):
        return "Paid", dollars("0"), f"{whose(spec)} answered; AWS would take {actual}"
    return "Cost", actual, f"planned {dollars(money.get('planned'))}"


def _fetch_usd(page: Page) -> Decimal | None:
    """What S3 charges for the requests of the gallery's pictures, None where the price is not known."""
    return stored_prices().price("s3-get", page.spec.region, page.gallery.fetched + page.films.fetched).usd


def _items_chart(facts: Facts) -> Chart:
    return _shares("bars", "Items", facts.items, "by what became of them", 6)


def _shares(kind: str, title: str, counts: Mapping[str, int], note: str, most: int) -> Chart:
    top = max(counts.values(), default=1) or 1
    bars = [Bar(str(name), count, count / top) for name, count in list(counts.items())[:most]]
    return Chart(kind, title, tuple(bars), note)


def _axis(timeline: Timeline) -> Mapping[str, Any]:
    """Polygons of the timeline, in a box of 1000 x 200."""
    calls = [moment.calls_per_s for moment in timeline.moments]
    throttled = [moment.throttled_per_s for moment in timeline.moments]
    top = max(calls) or 1.0

    def polygon(values: Sequence[float]) -> str:
        wide = 1000 / len(values)
        points = [f"{(n + side) * wide:.1f},{200 - 196 * v / top:.1f}" for n, v in enumerate(values) for side in (0, 1)]
        return " ".join(["0,200", *points, "1000,200"])

    return {
        "top": top,
        "mean": sum(calls) / len(calls),
        "throttled_top": max(throttled),
        "area": polygon(calls),
        "throttled": polygon([min(value, top) for value in throttled]),
        "label": f"a step is {duration(timeline.step_s)}",
    }


def _about(page: Page) -> list[tuple[str, str]]:
    spec = page.spec
    created = datetime.fromisoformat(spec.created_at)
    rows = [
        ("Job", spec.job),
        ("Planned", f"{created:%Y-%m-%d %H:%M} UTC"),
        ("State", str(page.status.get("state", "")) or "finished"),
        ("Region", ", ".join((spec.region, *(place.name for place in spec.places)))),
        ("Account", ", ".join(dict.fromkeys((spec.account, *(place.account for place in spec.places))))),
        ("Sources", ", ".join(short(source, 200) for source in spec.sources)),
        ("Sample", f"{spec.sample.asked}, seed {spec.sample.seed}" if spec.sample else ""),
        ("Throttled", f"{page.status['throttled']:,} times" if page.status.get("throttled") else ""),
        ("Rates used", ", ".join(f"{name} {rate:g}/s" for name, rate in spec.quotas.items())),
        ("Options", _options(spec.options)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in spec.versions.items())),
    ]
    return [(name, value) for name, value in rows if value]


def _options(options: Options) -> str:
    """What the scan was told; how to list its source again is no option of a person's."""
    told = {field.name: getattr(options, field.name) for field in fields(options) if field.name != "listing"}
    return ", ".join(f"{name}={short(value, 60)}" for name, value in told.items() if value is not None)
