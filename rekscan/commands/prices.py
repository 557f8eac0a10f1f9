"""`rekscan prices`: the price table in use, and how to read a newer one from AWS."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from jobs.aws.access import Aws
from jobs.errors import RekscanError
from jobs.later import Later
from jobs.money.offers import Refreshed, Sku, read_file, read_products, refresh
from jobs.money.prices import PriceTable
from jobs.money.stored import data_folder, store, stored_prices
from jobs.words import count, each, table
from rekscan.console.output import print_json, print_line, print_lines, say
from rekscan.settings import Connection, resolve

if TYPE_CHECKING:
    from jobs.aws import price_list
else:  # brings boto3 in, which the stored table does not need
    price_list = Later("jobs.aws.price_list")

HEADER = ("Meter", "Region", "From", "To", "Each", "Unit", "Confidence", "As of")
RIGHT = ("From", "To", "Each")
Flag = Annotated[bool, Parameter(negative=())]


def prices(
    *,
    refresh: Annotated[bool, Parameter(negative=(), help="Read the AWS Price List and keep it.")] = False,
    from_: Annotated[Path | None, Parameter(name="--from", help="Read a downloaded offer file (JSON or CSV).")] = None,
    meter: Annotated[str | None, Parameter(help="Only this meter.")] = None,
    all_regions: Annotated[bool, Parameter(negative=(), help="Every Region, not only the one in use.")] = False,
    json: Annotated[bool, Parameter(negative=(), help="Print the table as JSON.")] = False,
    connection: Connection | None = None,
) -> int:
    """Prices in use, each with its source, date and confidence.

    Example: `rekscan prices --refresh --from index.json`
    """
    settings = resolve(connection)
    region = None if all_regions else settings.region_of_aws("us-east-1")
    read = None
    if refresh or from_ is not None:
        skus, source, as_of = _file(from_) if from_ is not None else _list(settings.aws)
        read = _refreshed(skus, source, as_of)
        store(read.table)
    found = read.table if read else stored_prices()
    if json:
        print_json(_document(found, read))
        return 0
    print_lines(table(HEADER, _rows(found, region, meter), RIGHT))
    print_lines(f"\nUS dollars. {found.source}.")
    for level, meaning in found.confidence.items():
        print_line(f"  {level}: {meaning}")
    if read:
        _say(read)
    return 0


def _file(path: Path) -> tuple[list[Sku], str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RekscanError(f"{path}: {error.strerror}", "Give the path of a downloaded offer file.") from error
    skus, published = read_file(data)
    return skus, f"AWS Price List offer file {path.name}", published


def _list(aws: Aws) -> tuple[list[Sku], str, str]:
    skus, published = read_products(price_list.products(price_list.connect(aws)))
    return skus, "AWS Price List Query API", published or datetime.now(UTC).date().isoformat()


def _refreshed(skus: list[Sku], source: str, as_of: str) -> Refreshed:
    """The stored table with what the list brought. Raises RekscanError when it brought nothing."""
    read = refresh(PriceTable.bundled(), skus, source=source, as_of=as_of)
    if not read.taken:
        reasons = (
            "; ".join(f"{row.usage_type}: {row.why}" for row in read.refused[:3]) or "it lists no known usage type"
        )
        raise RekscanError(f"nothing of this price list can be used: {reasons}", "The prices in use are unchanged.")
    return read


def _rows(found: PriceTable, region: str | None, meter: str | None) -> list[tuple[str, ...]]:
    return [
        (
            row.name,
            name,
            count(tier.start),
            "-" if tier.end is None else count(tier.end),
            each(tier.usd),
            row.unit,
            tier.confidence,
            tier.as_of,
        )
        for row in found.meters.values()
        if meter in (None, row.name)
        for name, tiers in row.regions.items()
        if region in (None, name)
        for tier in tiers
    ]


def _document(found: PriceTable, read: Refreshed | None) -> dict[str, Any]:
    document = {**found.to_json(), "file": str(data_folder() / "prices.json")}
    if read is not None:
        document["refresh"] = {
            "taken": [{"meter": meter, "region": region} for meter, region in read.taken],
            "refused": [
                {"sku": row.sku, "region": row.region, "usage_type": row.usage_type, "why": row.why}
                for row in read.refused
            ],
            "ignored": list(read.ignored),
        }
    return document


def _say(read: Refreshed) -> None:
    """What the list brought and what was refused, on stderr."""
    say(f"{len(read.taken)} rows read and kept in {data_folder() / 'prices.json'}")
    for row in read.refused:
        say(f"refused {row.usage_type} ({row.sku}, {row.region or 'no Region'}): {row.why}")
    if read.ignored:
        say(f"no meter of rekscan's: {', '.join(read.ignored)}")
