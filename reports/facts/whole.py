"""What a sample says of the whole source: of each API, in how many of all images a scan would find what.

Rule: an estimate is of what a scan of all images would find. So in a picture that was not sent (broken, or its
condition false) nothing is found; one whose call failed, or was not reached, may show anything: the interval has both.
"""

# ruff: noqa: S608

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from jobs.apis.base import Api
from jobs.codes import Code
from jobs.folder import JobSpec
from jobs.intervals import Stratum, share_of_whole
from jobs.outcomes import NOT_ASKED
from jobs.sample.record import Sample
from jobs.sample.strata import levels, stratum_of
from reports.facts.charts import FREE, named
from reports.facts.doors import readable
from reports.facts.sights import where
from reports.facts.values import ApiEstimates, Estimate, Whole
from reports.query.counting import ranges

NAMES = 20  # of each API
_BATCH = 50_000  # rows read at a time
_STRATA = "strata"  # table of each item's stratum
# Outcomes that a scan of all images would have too. A condition that could not be decided, as a call it reads failed,
# is none; one that could not as the picture was not sent is.
_FINAL = f"""(
    outcome in ('ok', 'skipped') or outcome = '{NOT_ASKED}' and (code = '{Code.CONDITION_FALSE}'
    or item_id not in (select item_id from outcomes where outcome in ('failed', 'open'))))"""

Query = duckdb.DuckDBPyConnection
ByStratum = Mapping[str, int]  # images of the sample


def whole(query: Query, spec: JobSpec) -> Whole | None:
    """None where the job is no sample. `query` has the job's tables and `outcomes`."""
    sample = spec.sample
    if sample is None:
        return None
    query.register(_STRATA, _strata(query, sample))
    apis = tuple(_estimates(query, choice.api, sample) for choice in spec.apis)
    query.unregister(_STRATA)
    return Whole(sample, apis)


def _strata(query: Query, sample: Sample) -> pa.Table:
    names = {stratum.name for stratum in sample.strata}
    rows = query.execute("select item_id, uri from images")
    ids: list[int] = []
    strata: list[str] = []
    while batch := rows.fetchmany(_BATCH):
        ids += [item_id for item_id, _ in batch]
        strata += [stratum_of(levels(uri), names) for _, uri in batch]
    return pa.table({"item_id": pa.array(ids, pa.int64()), "stratum": pa.array(strata, pa.string())})


def _estimates(query: Query, api: Api, sample: Sample) -> ApiEstimates:
    answered: dict[str, int] = {}
    final: dict[str, int] = {}
    sql = f"""
        select stratum, count(*) filter (outcome = 'ok'), count(*) filter ({_FINAL})
        from outcomes join {_STRATA} using (item_id) where api = ? group by 1"""
    for stratum, *calls in query.execute(sql, [api.name]).fetchall():
        answered[stratum], final[stratum] = calls
    found = [*_sights(query, api), *_names(query, api)]
    return ApiEstimates(
        api.name,
        _estimate("answered", answered, final, sample),
        tuple(_estimate(name, images, final, sample) for name, images in found),
        sample.drawn - sum(final.values()),
    )


def _estimate(name: str, hits: ByStratum, final: ByStratum, sample: Sample) -> Estimate:
    parts = [
        Stratum(
            hits.get(stratum.name, 0),
            final.get(stratum.name, 0),
            stratum.whole,
            max(0, stratum.drawn - final.get(stratum.name, 0)),
        )
        for stratum in sample.strata
    ]
    return Estimate(name, sum(hits.values()), share_of_whole(parts), sample.whole)


def _sights(query: Query, api: Api) -> Iterator[tuple[str, ByStratum]]:
    for sight in api.sights:
        values = [] if sight.value is None else [sight.value]
        yield sight.thing, _images(query, api, "''", where(sight), values).get("", {})


def _names(query: Query, api: Api) -> list[tuple[str, ByStratum]]:
    """The most frequent ones, where they are a vocabulary, but for those that a sight is of."""
    column = named(api)
    if column is None or api.name_column in FREE:
        return []
    found = _images(query, api, f"{column}::varchar", f"{column} is not null", [])
    for sight in api.sights:
        found.pop(str(sight.value), None)
    often = sorted(found, key=lambda name: (-sum(found[name].values()), name))
    return [(readable(name), found[name]) for name in often[:NAMES]]


def _images(query: Query, api: Api, what: str, where: str, values: list[Any]) -> dict[str, Counter[str]]:
    """Images with rows that are `where`, by `what` and stratum."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for within in ranges(query, api.table):
        sql = f"""
            select {what}, stratum, count(distinct item_id) from {api.table} join {_STRATA} using (item_id)
            where {within} and {where} group by 1, 2"""
        for name, stratum, images in query.execute(sql, values).fetchall():
            counts[name][stratum] += images
    return counts
