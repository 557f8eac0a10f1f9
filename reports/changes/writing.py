"""The differences as files: `changes.csv`, `changes.json`, `changes.html`."""

from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

import orjson

from reports.changes.values import Change, Changes
from reports.spreadsheet_safe import csv_line, defuse

CSV, JSON, PAGE = "changes.csv", "changes.json", "changes.html"


def write_csv(path: Path, rows: Iterable[Change]) -> None:
    """Every change, one a line; formula-safe."""
    with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        file.write(csv_line(field.name for field in fields(Change)))
        for row in rows:
            file.write(csv_line(defuse(cell) if isinstance(cell, str) else cell for cell in astuple(row)))


def write_json(path: Path, changes: Changes) -> None:
    path.write_bytes(orjson.dumps(changes.to_json(), option=orjson.OPT_INDENT_2))
