"""docs/data-dictionary.md is what the schemas say."""

from reports.tables.dictionary import as_markdown, entries, every_schema
from tests.support.places import ROOT

DOCS = ROOT / "docs" / "data-dictionary.md"


def test_the_page_in_docs_is_current() -> None:
    assert DOCS.read_text() == as_markdown(every_schema()), (
        "run: python -m reports.tables.dictionary > docs/data-dictionary.md"
    )


def test_every_column_is_told() -> None:
    told = list(entries(every_schema()))
    assert told
    assert [f"{one.table}.{one.column}" for one in told if not (one.meaning and one.type)] == []
