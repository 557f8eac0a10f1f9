"""AWS's own price list, read into a price table: products of the Query API or of a downloaded offer file.

Rule: a row is taken only when it is certain. A SKU is matched by its region code and the whole of its usage type after
the Region's prefix (`USE1-Group2-ImagesProcessed`, never just `...ImagesProcessed`; the prefix itself is AWS's own and
is not built here). Two SKUs that could be one meter, tiers with gaps, a price of zero or another currency are refused,
said aloud, and the row of the table before stays.
Shapes: AWS Price List Query API `GetProducts` (FormatVersion aws_v1) and offer files (formatVersion v1.0).
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from jobs.errors import RekscanError
from jobs.money.prices import PriceTable, Tier

SERVICE = "AmazonRekognition"
# Usage type after the Region's prefix -> the meters it may be, and our units per AWS unit. The suffixes are those of
# AWS's price list and free-tier tables. Several meters: only the SKU's `operation` can tell, and of segments the type
# that its description names, else it is ambiguous.
_VIDEO = ("video-labels", "video-moderation", "video-faces", "video-face-search", "video-celebrities", "video-text")
_SEGMENTS = {"video-segments-shot": "shot", "video-segments-technical-cue": "technical cue"}  # meter -> its words
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "Group1-ImagesProcessed": ("image-group-1",),
    "Group2-ImagesProcessed": ("image-group-2",),
    "ImagesProcessed": ("image-properties", "custom-moderation"),
    "FaceVectorsStored": ("face-vectors",),
    "UserVectorsStored": ("user-vectors",),
    "MinsOfArchVideoProcessed": (*_VIDEO, *_SEGMENTS),
    "MinutesOfVideoProcessed": (*_VIDEO, *_SEGMENTS),
    "MinsOfLiveVideoProcessed": ("stream-labels", "stream-face-search"),
    "inferenceminutes": ("custom-labels-inference",),
    "minutestrained": ("custom-labels-training",),
}
# A SKU without an operation is the price of all of these: the list has one a Region for "Archived Content", and AWS's
# pricing page one price for every stored-video API but segments.
_OF_ALL: Mapping[str, tuple[str, ...]] = {"MinsOfArchVideoProcessed": _VIDEO}
_MINUTES_AN_HOUR = {"inferenceminutes": 60, "minutestrained": 60}  # AWS bills minutes, the meters are hours


@dataclass(frozen=True, slots=True)
class Sku:
    """One product of the list with the dimensions of its on-demand price."""

    sku: str
    region: str
    usage_type: str
    operation: str
    description: str
    dimensions: tuple[Mapping[str, Any], ...]

    @property
    def suffix(self) -> str:
        """The usage type without the Region's prefix: `Group2-ImagesProcessed`."""
        return self.usage_type if self.usage_type in SUFFIXES else self.usage_type.partition("-")[2]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken, and why."""

    sku: str
    region: str
    usage_type: str
    why: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A table with the rows a list brought, and what it did not."""

    table: PriceTable
    taken: tuple[tuple[str, str], ...]  # (meter, Region)
    refused: tuple[Refusal, ...]
    ignored: tuple[str, ...]  # usage types that are no meter of ours (bulk analysis, ...)


def read_file(data: bytes) -> tuple[list[Sku], str]:
    """The SKUs of a downloaded offer file (JSON or CSV) and its publication date. Raises RekscanError if it is none."""
    try:
        if data.lstrip()[:1] == b"{":
            document = orjson.loads(data)
            terms = document["terms"].get("OnDemand", {})
            products = document["products"].values()
            found = [_sku(product, terms.get(product["sku"], {})) for product in products]
            code, published = document["offerCode"], document["publicationDate"]
        else:
            found, code, published = _read_csv(data.decode("utf-8-sig"))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, csv.Error) as error:
        raise RekscanError(
            f"this is not an AWS offer file: {error!r}",
            f"Download offers/v1.0/aws/{SERVICE}/current/index.json of the AWS Price List.",
        ) from error
    if code != SERVICE:
        raise RekscanError(f"this offer file is of {code}", f"Download the one of {SERVICE}.")
    return found, str(published)[:10]


def read_products(documents: Iterable[str]) -> tuple[list[Sku], str]:
    """The SKUs of `GetProducts` answers (JSON texts) and their newest publication date."""
    found, published = [], ""
    for text in documents:
        document = orjson.loads(text)
        if document.get("serviceCode", SERVICE) == SERVICE:
            found.append(_sku(document["product"], document["terms"].get("OnDemand", {})))
            published = max(published, str(document.get("publicationDate", ""))[:10])
    return found, published


def refresh(table: PriceTable, skus: Iterable[Sku], *, source: str, as_of: str) -> Refreshed:
    """`table` with every certain row of the list in place of its own."""
    by_row: dict[tuple[str, str], list[tuple[Sku, tuple[Tier, ...]]]] = {}
    refused: list[Refusal] = []
    ignored: dict[str, None] = {}
    for sku in skus:
        if sku.suffix not in SUFFIXES:
            ignored[sku.usage_type] = None
            continue
        meters = _meters(sku, table)
        tiers = _tiers(sku)
        if isinstance(tiers, str):
            refused.append(Refusal(sku.sku, sku.region, sku.usage_type, tiers))
        elif len(meters) != 1 and tuple(meters) != _OF_ALL.get(sku.suffix):
            which = (
                f"it may be any of {', '.join(meters)}" if meters else f"its operation {sku.operation!r} is no meter's"
            )
            refused.append(Refusal(sku.sku, sku.region, sku.usage_type, which))
        else:
            for meter in meters:
                by_row.setdefault((meter, sku.region), []).append((sku, tiers))
    rows: dict[tuple[str, str], tuple[Tier, ...]] = {}
    for (meter, region), found in by_row.items():
        if len({tiers for _, tiers in found}) == 1:
            rows[meter, region] = found[0][1]
            continue
        names = ", ".join(sku.sku for sku, _ in found)
        why = f"{names} are all {meter} in {region}, at different prices"
        refused += [Refusal(sku.sku, sku.region, sku.usage_type, why) for sku, _ in found]
    return Refreshed(_merged(table, rows, source, as_of), tuple(rows), tuple(refused), tuple(ignored))


def _merged(table: PriceTable, rows: Mapping[tuple[str, str], tuple[Tier, ...]], source: str, as_of: str) -> PriceTable:
    """Rows the list lacks stay as they were, with their own date."""
    meters = dict(table.meters)
    for (name, region), tiers in rows.items():
        dated = tuple(replace(tier, as_of=as_of) for tier in tiers)
        meters[name] = replace(meters[name], regions={**meters[name].regions, region: dated})
    return replace(
        table,
        meters=meters,
        confidence={**table.confidence, "price-list": "quoted from AWS's machine-readable price list of that date"},
        source=f"{source}; rows it lacks: {table.source.split('; rows it lacks: ')[-1]}",
        as_of=as_of,
    )


def _meters(sku: Sku, table: PriceTable) -> list[str]:
    """The meters a SKU may be: where its usage type leaves several, those that bill its operation or its segments."""
    known = SUFFIXES[sku.suffix] if sku.operation else _OF_ALL.get(sku.suffix, SUFFIXES[sku.suffix])
    meters = [meter for meter in known if meter in table.meters]
    if len(meters) == 1 or not sku.operation:
        return meters
    named = [meter for meter in meters if sku.operation in table.operations.get(meter, ())]
    said = sku.description.lower().replace("-", " ").replace("_", " ")
    typed = [meter for meter in named if meter in _SEGMENTS and _SEGMENTS[meter] in said]
    return typed or named or meters


def _tiers(sku: Sku) -> tuple[Tier, ...] | str:
    """The tiers of a SKU, or why they are not usable."""
    if not sku.region:
        return "it names no region code"
    factor = _MINUTES_AN_HOUR.get(sku.suffix, 1)
    found = []
    try:
        for row in sku.dimensions:
            price, end = Decimal(row["pricePerUnit"]["USD"]), row["endRange"]
            last = None if end == "Inf" else _whole(end)
            found.append(Tier(_whole(row["beginRange"]), last, (price * factor).normalize(), "price-list"))
    except (KeyError, InvalidOperation, ValueError) as error:
        return f"a price of it cannot be read: {error!r}"
    found.sort(key=lambda tier: tier.start)
    starts = [0, *(tier.end for tier in found)]
    if not found or [tier.start for tier in found] != starts[:-1] or starts[-1] is not None:
        return "its tiers do not go on from zero without a gap and without end"
    if any(not tier.usd.is_finite() or tier.usd <= 0 for tier in found):
        return "it has a price of zero"
    return tuple(found)


def _whole(text: str) -> int:
    value = Decimal(text)
    if value != int(value):
        raise ValueError(f"a tier ends at {text}")
    return int(value)


def _sku(product: Mapping[str, Any], terms: Mapping[str, Any]) -> Sku:
    attributes = product["attributes"]
    dimensions = tuple(row for term in terms.values() for row in term["priceDimensions"].values())
    return Sku(
        sku=product["sku"],
        region=attributes.get("regionCode", ""),
        usage_type=attributes.get("usagetype", ""),
        operation=attributes.get("operation", ""),
        description="; ".join(str(row.get("description", "")) for row in dimensions),
        dimensions=dimensions,
    )


def _read_csv(text: str) -> tuple[list[Sku], str, str]:
    """An offer file as CSV: five lines about it, a header, then a row per price dimension."""
    about = dict(row[:2] for row in csv.reader(io.StringIO("\n".join(text.splitlines()[:5]))))
    groups: dict[str, list[dict[str, str]]] = {}
    for row in _csv_rows(text):
        if row["TermType"] == "OnDemand":
            groups.setdefault(row["SKU"], []).append(row)
    found = []
    for sku, rows in groups.items():
        dimensions = tuple(
            {
                "beginRange": row["StartingRange"],
                "endRange": row["EndingRange"],
                "pricePerUnit": {row["Currency"]: row["PricePerUnit"]},
                "description": row["PriceDescription"],
            }
            for row in rows
        )
        first = rows[0]
        said = "; ".join(row["PriceDescription"] for row in rows)
        region = first.get("Region Code", "")
        found.append(Sku(sku, region, first["usageType"], first.get("operation", ""), said, dimensions))
    return found, about["OfferCode"], about["Publication Date"]


def _csv_rows(text: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(('"SKU"', "SKU,")))
    return list(csv.DictReader(io.StringIO("\n".join(lines[start:]))))
