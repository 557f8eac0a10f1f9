"""The page: values into HTML.

Rule: everything is escaped by the template engine, and the page's own policy (CSP) allows nothing but its own style,
its own script (by their hashes) and pictures beside it: no network, no inline handlers, no style attributes.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from jobs.folder import JobSpec
from jobs.folder.spec import Options
from jobs.money.stored import stored_prices
from reports.bands import EDGES, band_title
from reports.facts.values import Bar, Calls, Chart, Facts, Gallery, Timeline
from reports.review.verdicts import Review

COLORS = 8  # of APIs, in report.css
_SKIPPED_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Page:
    """All the page shows. `status` is the document of `rekscan status --json`, {} where there is none."""

    spec: JobSpec
    facts: Facts
    gallery: Gallery
    status: Mapping[str, Any] = field(default_factory=dict)
    partial: str | None = None
    min_confidence: float | None = None
    review: Review | None = None


def render(page: Page) -> str:
    """The page as HTML."""
    css, script = _asset("report.css"), _asset("report.js")
    planned = page.spec.plan.items.images
    calls = [_tally(one, page.status, planned) for one in page.facts.calls]
    totals = {name: sum(one[name] for one in calls) for name in calls[0] if name != "api"} if calls else {}
    policy = (
        "default-src 'none'; img-src 'self' file:; "
        f"style-src '{_digest(css)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    return _environment().get_template("report.html").render(
        spec=page.spec,
        facts=page.facts,
        gallery=page.gallery,
        partial=page.partial,
        min_confidence=page.min_confidence,
        review=page.review,
        bands=[band_title(number) for number in range(len(EDGES) - 1)],
        usd=page.status.get("usd"),
        fetch_usd=_fetch_usd(page),
        calls=calls,
        totals=totals,
        tiles=_tiles(page, totals),
        items_chart=_items_chart(page.facts),
        skips_chart=_shares("bars", "Left out while listing", page.facts.skips, "items by reason", _SKIPPED_SHOWN),
        time_axis=_axis(page.facts.timeline) if page.facts.timeline else None,
        colors={choice.api.name: number % COLORS for number, choice in enumerate(page.spec.apis)},
        sensitive=sum(shot.sensitive for shot in page.gallery.shots),
        about=_about(page),
        csp=policy,
        css=Markup(css),  # noqa: S704  our own files
        script=Markup(script),  # noqa: S704
    )  # fmt: skip


def _asset(name: str) -> str:
    return files("reports.views").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.views", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "n": number,
        "usd": usd,
        "bytes": size,
        "short": short,
        "time": lambda at: f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "ratio": lambda value: f"{value:.6f}",
        "count_of": lambda value, noun: f"{number(value)} {noun}{'' if value == 1 else 's'}",
    }
    return environment


def number(value: Any) -> str:
    """`1234567` -> "1,234,567"; `0.25` -> "0.2"; None -> ""."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def usd(value: Any) -> str:
    """Dollars with as many digits as they need: "$12.50", "$0.0005"; "unknown" for None."""
    if value is None or value == "":
        return "unknown"
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return f"${amount:,.2f}" if amount == 0 or abs(amount) >= 1 else f"${amount:,.4f}"


def size(value: int) -> str:
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def short(text: Any, length: int) -> str:
    """At most `length` characters, the middle left out; control characters made visible."""
    shown = "".join(_visible(char) for char in str(text))
    half = (length - 1) // 2
    return shown if len(shown) <= length else f"{shown[:half]}…{shown[-half:]}"


def _visible(char: str) -> str:
    """Control characters and direction marks as signs, so that a name cannot hide or turn its end."""
    if char < " ":
        return chr(0x2400 + ord(char))
    return "\N{REPLACEMENT CHARACTER}" if char == "\x7f" or char in _TURNS or "\ud800" <= char <= "\udfff" else char


_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def _tally(one: Calls, status: Mapping[str, Any], otherwise: int) -> dict[str, Any]:
    """Calls of one API and those still to come. `otherwise`: how many were planned, where the status does not say."""
    planned = max(status.get("by_api", {}).get(one.api, {}).get("planned", otherwise), one.total)
    return {
        "api": one.api,
        "planned": planned,
        "ok": one.ok,
        "skipped": one.skipped,
        "failed": one.failed,
        "pending": planned - one.total,
        "maybe_billed": one.maybe_billed,
    }


def _tiles(page: Page, totals: Mapping[str, int]) -> Sequence[Mapping[str, str]]:
    facts, timeline = page.facts, page.facts.timeline
    seconds = (timeline.end - timeline.start).total_seconds() if timeline else 0
    items = sum(facts.items.values())
    tiles = [
        ("Items", number(items), size(facts.bytes)),
        ("Calls answered", number(totals.get("ok", 0)), f"of {number(totals.get('planned', 0))} planned"),
        ("Failed", number(totals.get("failed", 0)), f"{number(totals.get('skipped', 0))} more never sent"),
    ]
    if money := page.status.get("usd"):
        tiles.append(("Cost", usd(money.get("actual")), f"planned {usd(money.get('planned'))}"))
    if timeline and seconds >= 1:
        tiles.append(("Took", duration(seconds), f"{totals['ok'] / seconds:,.1f} calls/s on average"))
    tiles.append(("Found", number(sum(api.rows for api in facts.found)), "rows in the tables"))
    return [dict(zip(("title", "value", "note"), tile, strict=True)) for tile in tiles]


def _fetch_usd(page: Page) -> Decimal | None:
    """What S3 charges for the requests of the gallery's pictures, None where the price is not known."""
    return stored_prices().price("s3-get", page.spec.region, page.gallery.fetched).usd


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


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
        ("Region", spec.region),
        ("Account", spec.account),
        ("Sources", ", ".join(short(source, 200) for source in spec.sources)),
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
