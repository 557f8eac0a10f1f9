"""The job's summary for a terminal: the same facts as the page, as lines with bars."""

from collections.abc import Iterable
from textwrap import wrap

from rich.cells import cell_len, set_cell_size

from jobs.words import count, short
from reports.bands import band_title
from reports.facts.values import Chart, Facts, Found, Whole
from reports.review.verdicts import Precision, Review
from reports.views import of_all

ROWS = 5  # of each chart
_LABEL, _BAR, _WIDE = 30, 24, 76
_NAME, _SHORT = 24, 10  # the same of a review, whose lines have more behind
_BLOCKS = " ▏▎▍▌▋▊▉█"


def lines(facts: Facts, *, rows: int = ROWS) -> list[str]:
    """Plain text lines, no wider than about 76 cells; the caller prints them."""
    text = ["Items"]
    text += _bars((name, count, "") for name, count in facts.items.items())
    text += ["", *facts.near] if facts.near else []
    for found in facts.found:
        text += ["", _title(found), *([found.full] if found.full else [])]
        for chart in found.charts[:1] if found.charts else ():
            text += _chart(chart, rows)
    if facts.whole:
        text += ["", *_whole(facts.whole, rows)]
    if facts.causes:
        text += ["", "Failed or never sent"]
        for one, bar in zip(
            facts.causes[:rows],
            _bars((c.code, c.calls, f"calls {c.outcome}") for c in facts.causes[:rows]),
            strict=True,
        ):
            text += [bar, *([f"    {one.do}"] if one.do else [])]
    if facts.skips:
        text += ["", "Left out while listing"]
        text += _bars((reason, count, "") for reason, count in list(facts.skips.items())[:rows])
    return text


def _whole(whole: Whole, rows: int) -> list[str]:
    text = [of_all.title(whole), f"  {of_all.drawn(whole)}"]
    for api in whole.apis:
        text += [f"  {api.api}", *(f"    {note}" for note in of_all.notes(api))]
        for name, _, share, images in of_all.rows(api)[: rows + 1]:
            text.append(f"    {_fit(name)} {share:>14}  {images}")
    return text


def _title(found: Found) -> str:
    return f"{found.api}: {count(found.rows)} rows on {count(found.items)} of {count(found.answered)} answered items"


def _chart(chart: Chart, rows: int) -> list[str]:
    if chart.kind == "palette":
        return _bars((bar.label, 100 * bar.share, f"%  {bar.note}") for bar in chart.bars[:rows])
    return _bars(("  " * bar.depth + bar.label, bar.value, bar.note) for bar in chart.bars[:rows])


def _bars(rows: Iterable[tuple[str, float | None, str]]) -> list[str]:
    table = list(rows)
    top = max((value or 0 for _, value, _ in table), default=0) or 1
    return [
        f"  {_fit(label)} {_bar((value or 0) / top)} {'' if value is None else count(round(value)):>9}  {note}".rstrip()
        for label, value, note in table
    ]


def _fit(label: str, cells: int = _LABEL) -> str:
    shown = short(label, cells)
    return shown + " " * (cells - cell_len(shown)) if cell_len(shown) <= cells else set_cell_size(shown, cells)


def _bar(share: float, cells: int = _BAR) -> str:
    eighths = max(1, round(share * cells * 8)) if share > 0 else 0
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_BLOCKS[rest] if rest else "")).ljust(cells)


def review_lines(found: Review, *, rows: int = 20) -> list[str]:
    """A review for a terminal: names with their precision and interval, then what follows from them."""
    percent = f"{100 * found.target:.0f} %"
    text = [f"{count(found.all.reviewed)} findings judged, {count(found.unreviewed)} of the same kinds not looked at"]
    text += ["", "Right, by confidence"]
    text += [_judged(band_title(n), band) for n, band in enumerate(found.bands) if band.findings]
    text += ["", "Right, by name, and the confidence from which on to rely on it"]
    text += [_judged(one.name, one.all, one.threshold) for one in found.names[:rows]]
    if found.threshold is not None:
        text += ["", f"From {found.threshold} % confidence on, at least {percent} of all findings are right:"]
        text += [f"  rekscan report JOB --min-confidence {found.threshold}"]
    else:
        text += ["", f"No confidence is known from which {percent} are right: judge more, or keep to single names."]
    if found.allowed:
        names = ", ".join(short(name, 60) for name in found.allowed)
        text += ["", *wrap(f"Names to rely on: {names}", _WIDE, break_long_words=False)]
    return text


def _judged(label: str, one: Precision, threshold: int | None = None) -> str:
    name = f"  {_fit(label, _NAME)} {_bar(one.share or 0, _SHORT)}"
    if one.share is None:
        return f"{name} not looked at"
    low, high = (100 * end for end in one.interval)
    enough = f", from {threshold} %" if threshold is not None else ""
    shares = f"{100 * one.share:3.0f} %  ({low:.0f} to {high:.0f})"
    return f"{name} {shares}  {one.right} of {one.reviewed}{enough}"
