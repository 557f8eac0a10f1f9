"""docs/job-folder.md is what the records and schemas say."""

import re

from jobs import documents
from reports.folder_page import DOCUMENTS, FILES, PARTS, Field, file_fields, markdown, record_fields
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "job-folder.md").read_text()


def test_the_page_is_current() -> None:
    assert markdown() in PAGE, "run: cog -r -I . docs/job-folder.md"


def test_every_field_is_told_with_its_type_and_a_format_there_is() -> None:
    records = {record.__name__: record_fields(record) for record in (*DOCUMENTS.values(), *PARTS)}
    files = {name: file_fields(*of) for name, of in FILES.items()}
    told = [(name, field) for name, fields in (*records.items(), *files.items()) for field in fields]
    assert told
    assert [f"{name}.{field.name}" for name, field in told if not _is_whole(field)] == []


def _is_whole(field: Field) -> bool:
    return bool(field.meaning and field.type and 1 <= field.since <= documents.NEWEST)


def test_every_type_that_the_page_points_at_is_on_it() -> None:
    assert set(re.findall(r"\]\(#(\w+)\)", PAGE)) <= {part.__name__.lower() for part in PARTS}


def test_every_format_there_was_has_its_line() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| .*\|$", PAGE, re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, documents.NEWEST + 1))
