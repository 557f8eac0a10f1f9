"""Tables of real job folders: the same rows in every format, at any size, for complete and partial jobs."""

import csv
import io
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.synthetic_job import make_job
from jobs.errors import UsageError
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.later import Later
from jobs.outcomes import Outcome, from_table
from reports.spreadsheet_safe import defuse_table
from reports.tables import writers
from reports.tables.build import build_tables
from reports.tables.load import load

if TYPE_CHECKING:
    import polars as pl
else:  # of eight processes that collect this one runs it
    pl = Later("polars")

APIS = ("labels", "faces", "text", "moderation", "properties")
HOSTILE = [
    '/in/=HYPERLINK("http://x","y").jpg',
    "/in/new\nline.jpg",
    '/in/comma, "quote".jpg',
    "/in/<script>alert(1)</script>.jpg",
    "/in/\u202egnp.exe",
    "/in/\U0001f600.jpg",
    "/in/" + "n" * 10_000,
    "file:///in/%FF.jpg",
    "@relative",
]


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))


def reports(folder: JobFolder) -> Path:
    return Path(folder.root) / "reports"


def test_every_item_is_one_row_of_images_whatever_became_of_it(tmp_path: Path) -> None:
    items = [
        Item(0, "/in/a.jpg", "image", 10),
        Item(1, "/in/.hidden", "other", 1, skip="hidden"),
        Item(2, "/in/b.jpg", "image", 10),
        Item(3, "/in/c.jpg", "image", 10),
        Item(4, "/in/d.jpg", "image", 10),
        Item(5, "/in/e.jpg", "image", 10),
    ]
    folder = make_job(tmp_path, items, ("labels", "faces"), shard_size=2, missing_shards=(1, 2))
    answer = '{"Labels": [{"Name": "Dog", "Confidence": 90.0}]}'
    folder.commit(
        1,
        [
            Outcome(2, "labels", "ok", units=1, attempts=1, response=answer, sent="known", width=9, height=8),
            Outcome(2, "faces", "failed", "ImageTooLargeException", "too large", attempts=2, maybe_billed=1),
            Outcome(3, "labels", "skipped", "truncated"),
            Outcome(3, "faces", "skipped", "truncated"),
        ],
    )
    folder.commit(
        2, [Outcome(4, "labels", "ok", response=answer), Outcome(4, "faces", "ok", response="{}")], holder="one"
    )
    build_tables(folder, partial="2 of 6 items not reached")
    images = load(folder.job, str(tmp_path))["images"]
    assert images["item_id"].tolist() == [0, 1, 2, 3, 4, 5]
    assert images["status"].tolist() == ["ok", "skipped", "partial", "skipped", "ok", "pending"]
    reasons = ["", "hidden", "faces: ImageTooLargeException", "truncated", "", ""]
    assert images["reason"].fillna("").tolist() == reasons
    assert images["known"].tolist() == [0, 0, 1, 0, 0, 0]
    assert images.loc[2, "top_labels"] == "Dog 90"
    failures = load(folder.job, str(tmp_path))["failures"]
    assert failures[["item_id", "api", "outcome", "maybe_billed"]].values.tolist() == [
        [2, "faces", "failed", 1],
        [3, "labels", "skipped", 0],
        [3, "faces", "skipped", 0],
    ]


def test_csv_and_parquet_have_the_same_rows(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 230, APIS, shard_size=50, broken=10)
    built = build_tables(folder)
    assert set(built.rows) == {"images", *APIS, "failures"}
    for name, count in built.rows.items():
        table = pq.read_table(reports(folder) / f"{name}.parquet")
        rows = read_csv(reports(folder) / f"{name}.csv")
        assert table.num_rows == count == len(rows) - 1
        assert rows[0] == table.column_names
        assert rows[1:] == [[as_csv(value) for value in row.values()] for row in defuse_table(table).to_pylist()]


def as_csv(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else number(value)


def number(value: Any) -> str:
    return str(value) if not isinstance(value, float) or value != int(value) else f"{value:.0f}"


def test_hostile_names_come_through_both_formats(tmp_path: Path) -> None:
    items = [Item(number, uri, "image", 1) for number, uri in enumerate(HOSTILE)]
    folder = make_job(tmp_path, items)
    build_tables(folder)
    assert pq.read_table(reports(folder) / "images.parquet")["uri"].to_pylist() == HOSTILE
    cells = [row[1] for row in read_csv(reports(folder) / "images.csv")[1:]]
    assert cells == [*HOSTILE[:-1], "'@relative"]


@pytest.mark.parametrize("shard_size", [1, 7, 500, 20_000])
def test_rows_do_not_depend_on_how_the_job_was_cut(tmp_path: Path, shard_size: int) -> None:
    whole = make_job(tmp_path / "one", 120, ("labels", "text"), broken=9, shard_size=120)
    cut = make_job(tmp_path / "cut", 120, ("labels", "text"), broken=9, shard_size=shard_size)
    build_tables(whole)
    build_tables(cut)
    for name in ("images", "labels", "text", "failures"):
        assert (reports(whole) / f"{name}.csv").read_bytes() == (reports(cut) / f"{name}.csv").read_bytes()


def test_a_threshold_filters_rows_and_briefs_from_stored_answers(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 100, ("labels", "moderation"))
    everything = build_tables(folder)
    strict = build_tables(folder, min_confidence=90)
    assert 0 < strict.rows["labels"] < everything.rows["labels"]
    assert strict.rows["images"] == everything.rows["images"]
    with pytest.warns(UserWarning, match="leave out findings under 90 %"):
        tables = load(folder.job, str(tmp_path))
    assert tables["labels"]["confidence"].min() >= 90
    assert tables["labels"].attrs["min_confidence"] == 90
    per_item = tables["labels"].drop_duplicates(["item_id", "name"]).groupby("item_id").size()
    counts = tables["images"].set_index("item_id")["label_count"]
    assert (counts.loc[per_item.index] == per_item).all()


def test_a_retry_replaces_the_failed_rows(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 20, ("labels",), broken=10)
    assert build_tables(folder).rows["failures"] == 2
    failed = [o for o in from_table(folder.result(folder.result_parts()[0])) if o.outcome == "failed"]
    folder.commit(
        0, [Outcome(o.item_id, o.api, "ok", attempts=2, units=1, response='{"Labels": []}') for o in failed], retry=1
    )
    tables = load(folder.job, str(tmp_path))  # builds again: the parts changed
    assert len(tables["failures"]) == 0
    assert set(tables["images"]["status"]) == {"ok"}


def test_a_partial_build_says_so_in_names_and_metadata_and_goes_when_the_job_is_complete(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 40, ("labels",), shard_size=20, missing_shards=(1,))
    build_tables(folder, partial="incomplete (budget)")
    names = {path.name for path in reports(folder).iterdir()}
    assert "images.partial.csv" in names
    assert b"incomplete (budget)" in pq.read_schema(reports(folder) / "labels.partial.parquet").metadata[b"rekscan"]
    assert "incomplete (budget)" in repr(load(folder.job, str(tmp_path)))
    folder.commit(1, [Outcome(n, "labels", "ok", response='{"Labels": []}') for n in range(20, 40)])
    build_tables(folder)
    assert {p.name for p in reports(folder).iterdir()} == {
        *("tables.json", "data-dictionary.csv", "data-dictionary.md"),
        *(f"{table}.{form}" for table in ("images", "labels", "failures") for form in ("csv", "parquet")),
    }


def test_costs_are_written_as_given_and_outlive_a_rebuild_without_them(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 5)
    costs = pa.table({"meter": ["image-group-2"], "units": [5], "actual_usd": ["0.005"]})
    build_tables(folder, costs=costs)
    build_tables(folder, min_confidence=99)
    with pytest.warns(UserWarning, match="leave out findings under 99 %"):
        assert load(folder.job, str(tmp_path))["costs"]["actual_usd"].tolist() == ["0.005"]
    assert read_csv(reports(folder) / "costs.csv")[1] == ["image-group-2", "5", "0.005"]


@pytest.mark.parametrize("excel", [False, True])
def test_amounts_of_money_are_plain_digits_in_csv(tmp_path: Path, excel: bool) -> None:
    folder = make_job(tmp_path, 5)
    amounts = [Decimal("0E-15"), Decimal("0.000000400000000"), Decimal("2200.500000000000000"), None]
    costs = pa.table({"usd": pa.array(amounts, pa.decimal128(38, 15))})
    build_tables(folder, costs=costs, excel=excel)
    assert [row[0] if row else "" for row in read_csv(reports(folder) / "costs.csv")[1:]] == [
        "0",
        "0.0000004",
        "2200.5",
        "",
    ]
    assert load(folder.job, str(tmp_path))["costs"]["usd"].tolist()[:3] == amounts[:3]  # Parquet has them exact


def test_an_empty_job_has_every_column(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 0, APIS)
    build_tables(folder)
    full = make_job(tmp_path / "full", 30, APIS)
    build_tables(full)
    for name in ("images", *APIS, "failures"):
        empty = pq.read_schema(reports(folder) / f"{name}.parquet")
        assert empty.equals(pq.read_schema(reports(full) / f"{name}.parquet"))
        assert read_csv(reports(folder) / f"{name}.csv") == [empty.names]


def test_parquet_is_read_alike_by_pandas_polars_duckdb_and_pyarrow(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 60, APIS)
    build_tables(folder)
    for name in ("images", "labels", "text"):
        path = reports(folder) / f"{name}.parquet"
        rows = pq.read_table(path).to_pylist()
        assert pl.read_parquet(path).rows(named=True) == rows
        cursor = duckdb.sql(f"select * from '{path}'")
        assert [dict(zip(cursor.columns, row, strict=True)) for row in cursor.fetchall()] == rows
        assert len(load(folder.job, str(tmp_path))[name]) == len(rows)


def test_frames_have_sensible_types_and_come_in_batches(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 300, ("labels", "faces"))
    tables = load(folder.job, str(tmp_path))
    labels = tables["labels"]
    assert labels["name"].dtype == "category"
    assert labels["item_id"].dtype == "Int64"
    assert labels["instance"].dtype == "Int32"
    assert labels["confidence"].dtype == "float64"
    assert set(labels.query("name == 'Dog' and confidence > 90")["name"]) == {"Dog"}
    pieces = list(tables.iter_batches("labels", rows=100))
    assert max(map(len, pieces)) <= 100
    assert sum(map(len, pieces)) == len(labels)
    with pytest.raises(KeyError, match="labels"):
        tables["nothing"]


def test_nothing_is_left_behind_and_reports_are_private(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 10)
    killed = reports(folder) / ".build-killed"  # by a build that was killed two days ago
    killed.mkdir(parents=True)
    os.utime(killed, (0, 0))
    build_tables(folder)
    assert not [path for path in reports(folder).iterdir() if path.name.startswith(".")]
    assert Path(folder.root).stat().st_mode & 0o077 == 0


def test_formats_and_thresholds_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 1)
    with pytest.raises(UsageError, match="no table format 'xls'"):
        build_tables(folder, formats=("xls",))
    with pytest.raises(UsageError, match="confidence of 101"):
        build_tables(folder, min_confidence=101)


def test_csv_for_excel_has_a_mark_and_is_split_at_the_row_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers.ExcelCsvWriter, "_most", 100)
    folder = make_job(tmp_path, 30, ("labels",))
    built = build_tables(folder, excel=True)
    plain = build_tables(make_job(tmp_path / "plain", 30, ("labels",)))
    assert built.rows == plain.rows
    names = ["labels.csv", *(f"labels-{n}.csv" for n in range(2, -(-built.rows["labels"] // 100) + 1))]
    assert [path.rpartition("/")[2] for path in built.paths if "/labels" in path and path.endswith(".csv")] == names
    rows = []
    for name in names:
        data = (reports(folder) / name).read_bytes()
        assert data.startswith(b"\xef\xbb\xbf")
        _, *more = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        assert len(more) <= 100
        rows += more
    plain_file = tmp_path / "plain" / folder.job / "reports" / "labels.csv"
    assert rows == read_csv(plain_file)[1:]


def test_raw_answers_come_line_by_line_as_they_are_stored(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 25, ("labels", "text"), broken=5)
    build_tables(folder, formats=("jsonl",), min_confidence=99)
    lines = [orjson.loads(line) for line in (reports(folder) / "answers.jsonl").read_bytes().splitlines()]
    stored = [o for paths in folder.result_parts().values() for o in from_table(folder.result(paths))]
    assert [(line["item_id"], line["api"], line["outcome"]) for line in lines] == [
        (o.item_id, o.api, o.outcome) for o in stored
    ]
    assert [line["response"] for line in lines] == [orjson.loads(o.response) if o.response else None for o in stored]


def test_the_dictionary_tells_every_column_of_every_table(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 3, APIS)
    built = build_tables(folder)
    told = read_csv(reports(folder) / "data-dictionary.csv")[1:]
    columns = [(name, c) for name in built.rows for c in pq.read_schema(reports(folder) / f"{name}.parquet").names]
    assert [(row[0], row[1]) for row in told] == columns
    assert all(row[3] for row in told)


def test_a_format_written_before_stays_while_it_says_the_same(tmp_path: Path) -> None:
    folder = make_job(tmp_path, 10)
    build_tables(folder, formats=("csv", "parquet"))
    assert set(build_tables(folder, formats=("parquet",)).formats) == {"csv", "parquet"}
    assert (reports(folder) / "labels.csv").exists()
    assert build_tables(folder, formats=("parquet",), min_confidence=90).formats == ("parquet",)
    assert not (reports(folder) / "labels.csv").exists()
