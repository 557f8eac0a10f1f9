"""SQL over a job's tables: what it can reach and what it cannot."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from reports.query.sql import ask, csv_lines, plain_lines
from reports.tables.load import load_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobFolder]:
    yield make_job(tmp_path_factory.mktemp("home"), 200, ("labels", "text"))


def test_it_answers_as_pandas_does(folder: JobFolder) -> None:
    with ask(
        folder, "select uri, confidence from labels where name = 'Dog' and confidence > 90 order by all"
    ) as answer:
        rows = list(answer.rows())
    frame = load_folder(folder)["labels"].query("name == 'Dog' and confidence > 90")
    assert rows == sorted(frame[["uri", "confidence"]].itertuples(index=False, name=None))


def test_tables_join_on_item_id(folder: JobFolder) -> None:
    query = "select count(*) from labels join images using (item_id) where images.status = 'ok'"
    with ask(folder, query) as answer:
        assert list(answer.rows()) == [(len(load_folder(folder)["labels"]),)]


def test_lines_and_csv_have_every_row(folder: JobFolder) -> None:
    query = "select item_id, text from text order by all"
    with ask(folder, query) as answer:
        lines = list(plain_lines(answer))
    with ask(folder, query) as answer:
        cells = list(csv.reader(io.StringIO("".join(csv_lines(answer)), newline="")))
    assert cells[0] == ["item_id", "text"]
    assert len(lines) == len(cells) - 1 == len(load_folder(folder)["text"])
    assert all(line.count("\t") == 1 and line.count("\n") == 1 for line in lines)


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from glob('/etc/*')",
        "select * from read_parquet('http://127.0.0.1:9/x.parquet')",
        "select * from read_blob('{file}')",
        "select * from os",
        "select getenv('HOME')",
        "copy labels to '{file}'",
        "copy (select 1) to '{file}.new'",
        "attach '{file}.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "create table labels as select 1",
        "drop view labels",
        "insert into labels values (1)",
        "pragma database_list",
        "export database '{file}.d'",
        "select 1; copy labels to '{file}'",
        "call pragma_version()",
        "not sql at all",
        "",
    ],
)
def test_nothing_but_the_tables_can_be_reached(folder: JobFolder, tmp_path: Path, query: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError), ask(folder, query.format(file=file)) as answer:
        list(answer.rows())
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
    assert file.read_text() == "a,b\n1,2\n"
