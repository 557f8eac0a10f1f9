"""The rows of a sheet, however a spreadsheet saved it: CSV of any make, or .xlsx.

Rule: a file from outside is bounded before it is read, and each row knows its line.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping

from jobs.errors import RekscanError, UsageError

MOST_BYTES = 64 << 20  # of a sheet: a thousand findings with notes are a hundredth of it
_UNPACKED = 4 * MOST_BYTES  # of an .xlsx, which is a ZIP
_ZIP = b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # Excel's "Unicode text"

Row = Mapping[str, str]


def rows(data: bytes) -> Iterator[tuple[int, Row]]:
    """Line number and cells by column name; the first line is the header. Cells that are missing are "".

    Raises UsageError when it is no sheet.
    """
    if len(data) > MOST_BYTES:
        raise _no_sheet(f"it has more than {MOST_BYTES >> 20} MiB")
    return _of_workbook(data) if data.startswith(_ZIP) else _of_csv(_decode(data))


def _no_sheet(why: str) -> UsageError:
    return UsageError(f"this is no review.csv: {why}", "`rekscan report --format review` writes one.")


def _of_csv(text: str) -> Iterator[tuple[int, Row]]:
    header = re.split("[\r\n]", text, maxsplit=1)[0]
    delimiter = max(",;\t", key=header.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip().lower() for name in next(lines, [])]
        for cells in lines:
            yield lines.line_num, dict(zip(names, [*cells, *[""] * len(names)], strict=False))
        if lines.line_num <= 1:
            yield 1, dict.fromkeys(names, "")  # a header alone: it has its columns
    except csv.Error as error:  # a cell of more than 128 KiB: a quote was opened and never closed
        raise UsageError(f"line {lines.line_num}: {error}", "Is a quote missing there? Restore that line.") from None


def _of_workbook(data: bytes) -> Iterator[tuple[int, Row]]:
    """Its first sheet."""
    try:
        import openpyxl
    except ImportError:
        raise RekscanError(
            "an .xlsx needs the package openpyxl", "pip install 'rekscan[excel]', or save it as CSV."
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(one.file_size for one in packed.infolist()) > _UNPACKED:
                raise _no_sheet(f"unpacked it has more than {_UNPACKED >> 20} MiB")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        lines = book.worksheets[0].iter_rows(values_only=True)
        names = [_text(name).strip().lower() for name in next(lines, ())]
        found = [(number, dict(zip(names, map(_text, cells), strict=False))) for number, cells in enumerate(lines, 2)]
    except UsageError:
        raise
    except Exception as error:  # a ZIP that is no workbook, or a broken one, fails in any way
        raise _no_sheet(f"it is no workbook that can be read ({type(error).__name__})") from None
    yield from found or [(1, dict.fromkeys(names, ""))]


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)


def _decode(data: bytes) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
