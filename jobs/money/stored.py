"""Where the tables a refresh brought are kept: prices.json and quotas.json in the user's data folder.

Rule: the stored table if there is one, else the bundled one; a job records the rows it was priced with, so a later
refresh changes no old job. Folder: `$REKSCAN_DATA`, else `$XDG_DATA_HOME/rekscan`, else `~/.local/share/rekscan`.
"""

import os
import uuid
from pathlib import Path
from typing import Any

import orjson

from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable


def data_folder() -> Path:
    if folder := os.environ.get("REKSCAN_DATA"):
        return Path(folder)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "rekscan"


def stored_prices() -> PriceTable:
    """The prices to use. Raises RekscanError if the stored file is no price table."""
    path = data_folder() / "prices.json"
    return PriceTable.load(path) if path.exists() else PriceTable.bundled()


def stored_quotas() -> QuotaTable:
    """The quotas to use. Raises RekscanError if the stored file is no quota table."""
    path = data_folder() / "quotas.json"
    return QuotaTable.load(path) if path.exists() else QuotaTable.bundled()


def store(table: PriceTable | QuotaTable) -> Path:
    """Keep a table for later commands; the file it is in."""
    name = "prices.json" if isinstance(table, PriceTable) else "quotas.json"
    return _write(data_folder() / name, table.to_json())


def _write(path: Path, document: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return temporary.replace(path)
