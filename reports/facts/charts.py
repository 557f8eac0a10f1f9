"""Charts of an API's table, chosen by the columns it has.

Rule: no API is named here. A new API gets its charts from its columns; a new kind of column gets its chart in
`_CHARTS`. The names put into queries are those of declared schemas.
"""

# ruff: noqa: S608

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from jobs.apis.base import Api, Tabled, VideoApi
from reports.facts.colors import color_name
from reports.facts.doors import by_confidence, by_mark, by_name, categories, category, flags, readable, titled
from reports.facts.values import Bar, Chart, Found
from reports.query.counting import median, slices, summed
from reports.tables.layout import capped

TOP = 20
FREE = ("text", "match_uri")  # name columns that are no vocabulary
_STORED = "coalesce(match_uri, external_image_id, face_id)"  # as `search_best` of `images` has it
_TITLES = {"name": "Names", "match_uri": "Who was found"}
BANDS = 10  # of a confidence distribution
HEX = "#" + 6 * "[0-9a-fA-F]"
NOT_ANSWERED = "not answered"
MOST_MINUTES = 360  # that a finding may last: AWS takes no longer film
SCRIPTS = (
    *("Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Thai"),
    *("Han", "Hiragana", "Katakana", "Hangul"),
)

Query = duckdb.DuckDBPyConnection
Draw = Callable[[Query, Tabled], Chart | None]


def found(query: Query, api: Tabled, answered: int) -> Found:
    """What one API found, with its charts."""
    count, items = _one(query, f"select count(*), count(distinct item_id) from {api.table}")
    drawn = [draw(query, api) for draw in (*_CHARTS, *_categories(api))] if count else []
    drawn.append(_per_item(query, api, answered) if answered else None)
    charts = tuple(chart for chart in drawn if chart is not None and chart.bars)
    return Found(api.name, api.table, api.summary, answered, items, count, charts, _full(query, api))


def _full(query: Query, api: Tabled) -> str:
    """A sentence on answers that had as much as an answer can have; "" when there are none."""
    columns = [name for name, *_ in query.execute("describe images").fetchall()]
    if not isinstance(api, Api) or api.cap is None or capped(api) not in columns:  # tables of an earlier version
        return ""
    full = _one(query, f"select count(*) from images where {capped(api)}")[0]
    many = f"{full:,} images have" if full != 1 else "1 image has"
    return f"{many} as many {api.cap.what} as an answer can have: there may be more ({capped(api)})." if full else ""


def _names(query: Query, api: Tabled) -> Chart | None:
    """The most frequent names, by images or by minutes of film, each with the distribution of its confidences."""
    column, title = named(api), api.name_column
    if column is None or title is None or "hex_code" in api.schema.names or "parent_name" in api.schema.names:
        return None
    of = f"{column} is not null {_whole_lines(api)}"
    query.execute("create or replace temp table counted (name varchar, items bigint)")  # of texts, a great many
    for rows in _pieces(query, api, column, of):
        query.execute(f"insert into counted select {column}, {_count(api)} from {rows} group by 1")
    query.execute("create or replace temp table counted as select name, sum(items)::bigint n from counted group by 1")
    table = query.execute(f"select name, n from counted order by n desc, name limit {TOP}").fetchall()
    total = _one(query, "select count(*) from counted")[0]
    query.execute("drop table counted")
    spread = _spread(query, api, f"{of} and {column} in (select unnest(?))", [name for name, _ in table])
    top = max((items for _, items in table), default=0)
    plain = str if title in FREE else readable
    bars = [
        Bar(
            plain(name),
            items,
            items / top,
            _percent(spread[name]),
            None,
            _spark(_bands(spread[name])),
            door=by_name(plain(name)),
        )
        for name, items in table
    ]
    which = f"top {len(bars)} of {total:,}, " if total > len(bars) else ""
    by = "minutes of film in which it was seen" if _is_timed(api) else "images"
    note = f"{which}by {by}; confidences and their median"
    return Chart("bars", _TITLES.get(title, titled(title)), tuple(bars), note)


def _spread(query: Query, api: Tabled, where: str, names: list[str]) -> dict[str, Counter[float]]:
    """Of each name, how often each confidence was found, to a tenth of a percent (its middle)."""
    sql = f"""
        select {named(api)}::varchar, (floor({api.confidence_column or 100} * 10) + 0.5) / 10, count(*)
        from {api.table} where {where} group by 1, 2"""
    found: dict[str, Counter[float]] = {name: Counter() for name in names}
    for name, confidence, count in query.execute(sql, [names]).fetchall():
        if confidence is not None:
            found[name][confidence] = count
    return found


def _bands(counts: Mapping[float, int]) -> list[int]:
    return [sum(n for value, n in counts.items() if min(value // 10, BANDS - 1) == band) for band in range(BANDS)]


def named(api: Tabled) -> str | None:
    """The SQL of what a row is of: its name, of a stored face whatever is known of it. None: rows have no names."""
    return _STORED if api.name_column == "match_uri" else api.name_column


def _percent(counts: Mapping[float, int]) -> str:
    middle = median(counts)
    return "" if middle is None else f"{middle:.0f} %"


def _best(query: Query, api: Tabled) -> Chart | None:
    """Where rows have a similarity and no name: the most similar images, by name."""
    if api.name_column is not None or "similarity" not in api.schema.names:
        return None
    sql = f"""
        select uri, max(similarity) best from {api.table} where similarity is not null
        group by 1 order by 2 desc, 1 limit {TOP}"""
    bars = [
        Bar(uri.rstrip("/").rpartition("/")[2] or uri, best, best / 100, "% similar")
        for uri, best in query.execute(sql).fetchall()
    ]
    return Chart("bars", "Most similar", tuple(bars), "images")


def _confidence(query: Query, api: Tabled) -> Chart | None:
    """How sure AWS is: rows by confidence, in steps of 5."""
    if api.confidence_column is None:
        return None
    return _histogram(query, api, "Confidence", api.confidence_column, 5, 100, "%")


def _tree(query: Query, api: Tabled) -> Chart | None:
    """Names under their parents, by images or by minutes of film."""
    if "parent_name" not in api.schema.names:
        return None
    sql = f"select name, coalesce(parent_name, ''), {_count(api)} from {{rows}} group by all"
    pieces = _pieces(query, api, "name, parent_name")
    counts = {(name, parent): count for (name, parent), count in summed(query, pieces, sql).items()}
    children: dict[str, list[tuple[str, int]]] = {}
    for (name, parent), count in counts.items():
        children.setdefault(parent, []).append((name, count))
    names = {name for name, _ in counts}
    for parent in set(children) - names - {""}:  # a parent without a row of its own
        children.setdefault("", []).append((parent, max(count for _, count in children[parent])))
    top = max(counts.values())
    bars: list[Bar] = []

    def add(parent: str, depth: int) -> None:
        for name, count in sorted(children.get(parent, ()), key=lambda pair: (-pair[1], pair[0])):
            bars.append(Bar(name, count, count / top, depth=depth, door=by_name(name)))
            if depth < 5 and name != parent:
                add(name, depth + 1)

    add("", 0)
    return Chart("tree", "Taxonomy", tuple(bars[:60]), f"{'minutes of film' if _is_timed(api) else 'images'} per label")


def _palette(query: Query, api: Tabled) -> Chart | None:
    """Dominant colours by the share of pixels they cover, those a person calls the same together."""
    if "hex_code" not in api.schema.names:
        return None
    of = f"scope = 'image' and regexp_full_match(hex_code, '{HEX}')"
    near = "(hex_code[2:2] || hex_code[4:4] || hex_code[6:6])"  # 16 steps of each part
    sql = f"""
        select {near}, arg_max(hex_code, pixel_percent), max(pixel_percent), sum(pixel_percent)
        from {api.table} where {of} group by 1"""
    shades = query.execute(sql).fetchall()
    names = {shade: color_name(code) for shade, code, *_ in shades}
    shares: Counter[str] = Counter()
    shown: dict[str, tuple[float, str]] = {}
    for shade, code, most, share in shades:
        shares[names[shade]] += share or 0
        shown[names[shade]] = max(shown.get(names[shade], (0.0, code)), (most or 0, code))
    query.execute(
        "create or replace temp table shades as select unnest(?) shade, unnest(?) name",
        [list(names), list(names.values())],
    )
    images = summed(
        query,
        slices(query, api.table),
        f"""
        select name, count(distinct item_id) from {{rows}} join shades on shade = {near} where {of} group by 1""",
    )
    whole = sum(shares.values()) or 1
    bars = [
        Bar(name, share / whole, share / whole, f"{images[(name,)]:,} images", shown[name][1], door=by_name(name))
        for name, share in shares.most_common(12)
    ]
    return Chart("palette", "Dominant colours", tuple(bars), "share of all pixels counted")


def _ages(query: Query, api: Tabled) -> Chart | None:
    if "age_low" not in api.schema.names:
        return None
    return _histogram(query, api, "Apparent ages", "(age_low + age_high) / 2", 10, 100, "years")


def _flags(query: Query, api: Tabled) -> Chart | None:
    """Yes-or-no columns: how many rows say yes, of those that say anything."""
    names = flags(api)
    if not names:
        return None
    counts = ", ".join(f"count(*) filter ({name}), count({name})" for name in names)
    whole, *counted = _one(query, f"select count(*), {counts} from {api.table}")
    said = zip(names, counted[::2], counted[1::2], strict=True)
    bars = [_flag(titled(name), yes, answered, whole) for name, yes, answered in said]
    order = sorted(bars, key=lambda bar: (bar.value is None, -(bar.value or 0)))
    return Chart("bars", "Attributes", tuple(order), f"of {whole:,} rows")


def _flag(name: str, yes: int, answered: int, whole: int) -> Bar:
    if not answered:
        return Bar(name, None, 0, NOT_ANSWERED)
    return Bar(
        name, yes, yes / answered, f"{100 * yes / answered:.0f} %" + (f" of {answered:,}" if answered < whole else ""),
        door=by_mark(name) if yes else "",
    )  # fmt: skip


def _lengths(query: Query, api: Tabled) -> Chart | None:
    if "text" not in api.schema.names:
        return None
    return _histogram(query, api, "Text length", "length(text)", 5, 60, "characters", _whole_lines(api))


def _scripts(query: Query, api: Tabled) -> Chart | None:
    """Writing systems a text uses; a text with two counts for both."""
    if "text" not in api.schema.names:
        return None
    tests = [rf"regexp_matches(text, '\p{{{script}}}')" for script in SCRIPTS]
    tests.append(r"regexp_matches(text, '\d') and not regexp_matches(text, '\p{L}')")
    counts = ", ".join(f"count(*) filter ({test})" for test in tests)
    whole, *several = _one(query, f"select count(*), {counts} from {api.table} where true {_whole_lines(api)}")
    names = (*SCRIPTS, "Numbers only")
    bars = [Bar(n, c, c / whole, f"{100 * c / whole:.0f} %") for n, c in zip(names, several, strict=True) if c]
    return Chart("bars", "Writing", tuple(sorted(bars, key=lambda bar: -bar.share)), f"of {whole:,} lines")


def _qualities(query: Query, api: Tabled) -> Chart | None:
    """Brightness, sharpness and the like of whole pictures: their medians."""
    names = [name for name in ("brightness", "sharpness", "contrast") if name in api.schema.names]
    if not names or "scope" not in api.schema.names:
        return None
    medians = []
    for name in names:
        of = f"scope = 'image' and {name} is not null"
        counts = query.execute(f"select round({name}, 1), count(*) from {api.table} where {of} group by 1").fetchall()
        medians.append(median(dict(counts)))
    bars = [Bar(titled(n), m, m / 100, "of 100") for n, m in zip(names, medians, strict=True) if m is not None]
    return Chart("bars", "Picture quality", tuple(bars), "medians")


_CHARTS: tuple[Draw, ...] = (_names, _best, _tree, _palette, _confidence, _ages, _flags, _scripts, _lengths, _qualities)


def _categories(api: Tabled) -> list[Draw]:
    """A chart for each column of few values that the table has and that is not its name already."""

    def draw(column: str) -> Draw:
        def chart(query: Query, api: Tabled) -> Chart | None:
            sql = f"select {column}, count(*) from {api.table} where {column} is not null group by 1 order by 2 desc, 1"
            table = query.execute(f"{sql} limit 12").fetchall()
            top = max((count for _, count in table), default=0)
            bars = [
                Bar(readable(name), count, count / top, door=by_mark(category(column, name))) for name, count in table
            ]
            return Chart("bars", titled(column), tuple(bars)) if len(bars) > 1 else None

        return chart

    return [draw(column) for column in categories(api)]


def _per_item(query: Query, api: Tabled, answered: int) -> Chart | None:
    """How many things are in an image; those with none count too."""
    names = api.schema.names
    thing = next((name for name in ("face", "person") if name in names), "name" if "instance" in names else None)
    if _is_timed(api) or (thing is None and "left" not in names):
        return None
    counted = f"count(distinct {thing})" if thing else "count(*)"
    sql = f"""
        select n, count(*) from
        (select {counted} n from {{rows}} where true {_whole_lines(api)} group by item_id) group by 1"""
    counts = {n: count for (n,), count in summed(query, slices(query, api.table), sql).items()}
    counts[0] = max(0, answered - sum(counts.values()))
    step = max(counts) // 12 + 1
    columns = [sum(counts.get(n, 0) for n in range(low, low + step)) for low in range(0, max(counts) + 1, step)]
    bars = [
        Bar(str(n * step) if step == 1 else f"{n * step}-{n * step + step - 1}", count, count / max(columns))
        for n, count in enumerate(columns)
    ]
    title = {"face": "Faces", "person": "People", None: "Lines"}.get(thing, titled(api.table))
    return Chart("columns", f"{title} per image", tuple(bars), "images")


def _histogram(
    query: Query, api: Tabled, title: str, value: str, step: int, end: int, unit: str, where: str = ""
) -> Chart | None:
    sql = f"""
        select least(floor(({value}) / {step}), {end // step - 1})::int, count(*) from {api.table}
        where ({value}) is not null {where} group by 1"""
    counts = {max(0, n): count for n, count in query.execute(sql).fetchall()}
    if not counts:
        return None
    top, first = max(counts.values()), min(counts)
    bars = [
        Bar(
            str(n * step),
            counts.get(n, 0),
            counts.get(n, 0) / top,
            f"{n * step} to {(n + 1) * step} {unit}",
            door=by_confidence(n * step, (n + 1) * step) if value == api.confidence_column and counts.get(n) else "",
        )
        for n in range(first if end == 100 and unit == "%" else 0, max(counts) + 1)
    ]
    return Chart("columns", title, tuple(bars), unit)


def _is_timed(api: Tabled) -> bool:
    """Its rows are of moments of films."""
    return isinstance(api, VideoApi)


def _count(api: Tabled) -> str:
    """What a name is counted by, over `_pieces`."""
    return "count(*)" if _is_timed(api) else "count(distinct item_id)"


def _pieces(query: Query, api: Tabled, columns: str, where: str = "true") -> Iterator[str]:
    """The table's rows that are `where`, a slice at a time; of films, `columns` once for each minute of each film.

    Those are made distinct by grouping, which DuckDB does beyond its memory, as it does not count distinct.
    """
    if not _is_timed(api):
        return (f"(select * from {rows} where {where})" for rows in slices(query, api.table))
    low, high = times(api)
    minutes = f"range({low} // 60000, least({high} // 60000, {low} // 60000 + {MOST_MINUTES}) + 1)"
    return (
        f"(select distinct {columns}, item_id, unnest({minutes}) as minute from {rows} where {where})"
        for rows in slices(query, api.table, films=True)
    )


def times(api: Tabled) -> tuple[str, str]:
    """From when to when a row is, in milliseconds."""
    names = api.schema.names
    at = "timestamp_ms" if "timestamp_ms" in names else "start_ms"
    if "end_ms" not in names:
        return at, at
    low = f"coalesce(start_ms, {at})"
    return low, f"greatest(coalesce(end_ms, {low}), {low})"


def _whole_lines(api: Tabled) -> str:
    """Text rows come twice, as lines and as their words; lines are counted."""
    return "and type = 'LINE'" if {"type", "text"} <= set(api.schema.names) else ""


def _one(query: Query, sql: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] = query.execute(sql).fetchall()[0]
    return row


def _spark(counts: Sequence[int]) -> tuple[float, ...]:
    top = max(counts, default=0)
    return tuple(round(count / top, 3) for count in counts) if top else ()
