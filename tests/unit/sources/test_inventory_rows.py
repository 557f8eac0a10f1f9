from urllib.parse import quote_plus

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jobs.formats.names import of_key
from jobs.sources.inventory_rows import rows_of

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
keys = st.one_of(
    text,
    st.builds(
        lambda stem, ext: f"{stem}.{ext}", text, st.sampled_from(["jpg", "JPEG", "txt", "parquet", "safetensors", "x"])
    ),
    st.just("a/.jpeg"),
    st.just("é.webp"),
)


@given(st.lists(keys, max_size=30), st.booleans())
def test_columns_say_what_the_same_key_says_alone(found: list[str], encoded: bool) -> None:
    table = pa.table(
        {
            "bucket": pa.array(["bkt"] * len(found), pa.string()),
            "key": pa.array([quote_plus(key) if encoded else key for key in found], pa.string()),
            "size": pa.array([7] * len(found), pa.int64()),
        }
    )
    rows = rows_of(table, encoded=encoded).to_pylist()
    assert [row["uri"] for row in rows] == [f"s3://bkt/{key}" for key in found]
    assert [(row["kind"], row["skip"]) for row in rows] == [of_key(key) for key in found]


def test_only_current_versions_count() -> None:
    table = pa.table(
        {
            "bucket": ["b"] * 4,
            "key": ["a.jpg", "a.jpg", "gone.jpg", "c.jpg"],
            "versionid": ["v2", "v1", "v1", "null"],
            "islatest": ["true", "false", "true", "true"],
            "isdeletemarker": ["false", "false", "true", "false"],
            "size": ["5", "4", "", "6"],
            "etag": ['"e"', "f", "", "g"],
            "storageclass": ["STANDARD", "STANDARD", "", "DEEP_ARCHIVE"],
            "lastmodifieddate": ["2026-01-02T03:04:05.000Z"] * 4,
        }
    )
    rows = rows_of(table, encoded=True).to_pylist()
    assert [(r["uri"], r["size"], r["etag"], r["version"], r["skip"]) for r in rows] == [
        ("s3://b/a.jpg", 5, "e", "v2", None),
        ("s3://b/c.jpg", 6, "g", None, "archived: DEEP_ARCHIVE"),
    ]
    assert rows[0]["modified"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_folders_and_empty_objects_are_told_apart() -> None:
    table = pa.table({"bucket": ["b"] * 2, "key": ["dir/", "e.jpg"], "size": [0, 0]})
    assert rows_of(table, encoded=False).column("skip").to_pylist() == ["folder", "empty"]
