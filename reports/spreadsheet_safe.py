"""Cells a spreadsheet may open: nothing in them runs, and each stays one cell.

Rule: a text that a spreadsheet would read as a formula gets a leading apostrophe; numbers are left alone, also those
that stand in a text column. Source of the list of dangerous beginnings: OWASP, "CSV Injection".
"""

import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# What an import may strip or not show (spaces, quotes, control and direction characters), then a formula sign, its
# full-width twin, or one of the control characters that start a cell in some programs.
_HIDDEN = " \"'\t\r\n\x0b\x0c\x1c-\x1f\x85\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff"
DANGER = f"^[{_HIDDEN}]*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
NUMBER = r"^[+-]?\d{1,15}(\.\d{1,15})?%?$"
_DANGER_RE = re.compile(DANGER)
_NUMBER_RE = re.compile(NUMBER)
# What Excel makes something else of: codes, long numbers, powers, amounts, times, dates, truth values. It has no quote.
_SIGNS = r"0-9 .,:/%$\x{20ac}\x{a3}\x{a5}()+\-eE"
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_TAKEN = (
    rf"^([{_SIGNS}]*[0-9][{_SIGNS}]*|true|false|[0-9]{{1,2}}(:[0-9]{{2}}){{0,2}} ?[ap]m?"
    rf"|{_MONTH}[-/. ]*[0-9]{{1,4}}([-/., ]+[0-9]{{2,4}})?|[0-9]{{1,4}}[-/. ]*{_MONTH}([-/., ]*[0-9]{{1,4}})?)$"
)
# Python's own writer leaves a carriage return unquoted where lines end in a newline (bpo-46662), and a spreadsheet
# begins a row there. Some readers take the rest for the end of a line, too.
_QUOTED = re.compile('[",\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]')


def defuse(text: str) -> str:
    """One cell or header, safe to open in a spreadsheet."""
    text = text.replace("\x00", "\ufffd")
    return f"'{text}" if _DANGER_RE.match(text) and not _NUMBER_RE.match(text) else text


def csv_line(cells: Iterable[Any]) -> str:
    """A line of CSV (RFC 4180, ended by a newline). None is an empty cell; texts are not defused here."""
    written = [_csv_cell("" if cell is None else str(cell)) for cell in cells]
    return (",".join(written) if written != [""] else '""') + "\n"


def _csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def defuse_table(table: pa.Table) -> pa.Table:
    """Every text cell and header of a table defused; lists become text joined by "; "."""
    columns = []
    for column in table.columns:
        if pa.types.is_list(column.type):
            column = pc.binary_join(pc.cast(column, pa.list_(pa.string())), "; ")
        columns.append(_defuse_column(column) if _is_text(column.type) else column)
    return pa.Table.from_arrays(columns, names=[defuse(name) for name in table.column_names])


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _defuse_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _any_unsafe(column.unique()):  # texts repeat a lot, and matching is what costs
        return column
    if pc.any(pc.match_substring(column, "\x00")).as_py():
        column = pc.replace_substring(column, "\x00", "\ufffd")
    danger = pc.and_not(pc.match_substring_regex(column, DANGER), pc.match_substring_regex(column, NUMBER))
    return pc.if_else(danger, pc.binary_join_element_wise("'", column, ""), column)


def keep_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts that a spreadsheet would take for numbers, dates or truth values, as formulas that are those texts:
    `="00123"`. For files of Excel's alone."""
    taken = pc.match_substring_regex(column, _TAKEN, ignore_case=True)
    taken = pc.and_(taken, pc.less_equal(pc.utf8_length(column), 255))  # a formula takes no longer text
    if not pc.any(taken).as_py():
        return column
    return pc.if_else(taken, pc.binary_join_element_wise('="', column, '"', ""), column)


def _any_unsafe(texts: pa.Array) -> bool:
    unsafe = pc.or_(pc.match_substring(texts, "\x00"), pc.match_substring_regex(texts, DANGER))
    return bool(pc.any(unsafe).as_py())


def undefuse(text: str) -> str:
    """A cell as it was before `defuse`, NULs aside."""
    return text[1:] if text.startswith("'") and defuse(text[1:]) == text else text
