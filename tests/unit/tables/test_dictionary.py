"""docs/data-dictionary.md is what the schemas say."""

import pytest

from reports.tables.dictionary import ColumnEntry, as_markdown, entries, every_schema
from tests.support.places import ROOT

DOCS = ROOT / "docs" / "data-dictionary.md"


def test_the_page_in_docs_is_current() -> None:
    assert DOCS.read_text() == as_markdown(every_schema()), (
        "run: python -m reports.tables.dictionary > docs/data-dictionary.md"
    )


@pytest.mark.parametrize("entry", list(entries(every_schema())), ids=lambda entry: f"{entry.table}.{entry.column}")
def test_every_column_is_told(entry: ColumnEntry) -> None:
    assert entry.meaning
    assert entry.type
