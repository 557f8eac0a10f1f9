"""docs/job-folder.md is what the records and schemas say."""

import re
from itertools import chain

import pytest

from jobs import documents
from reports.folder_page import DOCUMENTS, FILES, PARTS, Field, file_fields, markdown, record_fields
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "job-folder.md").read_text()
RECORDS = [*DOCUMENTS.values(), *PARTS]
FIELDS = [
    pytest.param(field, id=f"{name}.{field.name}")
    for name, found in chain(
        ((record.__name__, record_fields(record)) for record in RECORDS),
        ((name, file_fields(*of)) for name, of in FILES.items()),
    )
    for field in found
]


def test_the_page_is_current() -> None:
    assert markdown() in PAGE, "run: cog -r -I . docs/job-folder.md"


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_told_with_its_type_and_a_format_there_is(field: Field) -> None:
    assert field.meaning
    assert field.type
    assert 1 <= field.since <= documents.NEWEST


def test_every_type_that_the_page_points_at_is_on_it() -> None:
    assert set(re.findall(r"\]\(#(\w+)\)", PAGE)) <= {part.__name__.lower() for part in PARTS}


def test_every_format_there_was_has_its_line() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| .*\|$", PAGE, re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, documents.NEWEST + 1))
