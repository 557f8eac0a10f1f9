import csv
import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import RekscanError, UsageError
from jobs.items import Item
from jobs.sources import enumerate_sources, uri_of
from jobs.sources.list_lines import LONGEST
from tests.support.places import ROOT
from tests.support.s3_server import S3Server, s3_server

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"


def no_s3() -> None:
    raise AssertionError("this list needs no S3")


def items(*sources: Path | str, column: str | None = None) -> list[Item]:
    return list(enumerate_sources([str(source) for source in sources], s3_client_factory=no_s3, column=column))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name in ("a b.jpg", "100%25.jpg", "sub/c.png"):
        (tmp_path / name).write_bytes(JPEG)
    return tmp_path


def test_each_line_is_one_row_and_a_bad_line_says_why(pictures: Path) -> None:
    lines = [
        b"a b.jpg", b"sub/c.png", b"100%25.jpg", os.fsencode(pictures / "a b.jpg"), b"", b"gone.jpg", b"sub",
        b"file://" + os.fsencode(pictures) + b"/100%2525.jpg", b"file://host/x.jpg", b"caf\xe9.jpg",
        b"s3://bkt/k e+y%20.jpg", b"s3://bkt/film.mp4", b"s3://bkt/doc.pdf", b"s3://bkt", b"s3://bkt/dir/", b"s3:///k",
        b"https://example.org/p/x.png?size=1", b"http://[bad/x.png", b"ftp://x/y.jpg", b"nul\0.jpg",
    ]  # fmt: skip
    (pictures / "list.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    found = [
        (item.uri.removeprefix(f"{pictures}/"), item.kind, item.size, item.skip)
        for item in items(pictures / "list.txt")
    ]
    assert found == [
        ("a b.jpg", "image", 10, None),
        ("sub/c.png", "image", 10, None),
        ("100%25.jpg", "image", 10, None),  # the third line and, decoded, the file:// line: one file, one row
        ("gone.jpg", "other", None, "unreadable: no such file"),
        ("sub", "other", None, "not-a-file"),
        ("file://host/x.jpg", "other", None, "bad-uri: not a file:///path"),
        (uri_of(os.fsencode(pictures) + b"/caf\xe9.jpg"), "other", None, "unreadable: no such file"),
        ("s3://bkt/k e+y%20.jpg", "image", None, None),
        ("s3://bkt/film.mp4", "video", None, None),
        ("s3://bkt/doc.pdf", "other", None, "not-media"),
        ("s3://bkt", "other", None, "bad-uri: names no object"),
        ("s3://bkt/dir/", "other", None, "bad-uri: names no object"),
        ("s3:///k", "other", None, "bad-uri: not an s3://bucket/key in UTF-8"),
        ("https://example.org/p/x.png?size=1", "image", None, None),
        ("http://[bad/x.png", "other", None, "bad-uri: not a URL"),
        ("ftp://x/y.jpg", "other", None, "bad-uri: unknown scheme ftp"),
        ("nul\0.jpg", "other", None, "bad-uri: a path cannot hold a NUL"),
    ]


def test_the_four_kinds_of_list_agree(pictures: Path) -> None:
    uris = ["a b.jpg", "sub/c.png", 's3://b/with,comma and "quote".jpg', "https://h/x.jpg"]
    (pictures / "l.txt").write_text("\n".join(uris) + "\n")
    with (pictures / "l.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["n", "URI"], *([n, uri] for n, uri in enumerate(uris))])
    (pictures / "l.jsonl").write_bytes(b"\n".join(orjson.dumps({"source-ref": uri, "n": 1}) for uri in uris))
    pq.write_table(pa.table({"n": [1] * 4, "path": uris}), pictures / "l.parquet")
    expected = items(pictures / "l.txt")
    assert [item.uri for item in expected][2:] == uris[2:]
    for name in ("l.csv", "l.jsonl", "l.parquet"):
        assert items(pictures / name) == expected


def test_a_column_can_be_chosen(pictures: Path) -> None:
    (pictures / "l.csv").write_text("uri,other\nx.jpg,a b.jpg\n")
    (by_suffix,) = items(f"{pictures}/l.csv#other")
    assert by_suffix.uri == f"{pictures}/a b.jpg"
    assert items(pictures / "l.csv", column="other") == [by_suffix]
    assert len(items(f"{pictures}/l.csv#other", f"{pictures}/l.csv#uri", f"{pictures}/l.csv#uri")) == 2
    with pytest.raises(UsageError, match="no column 'nope'; it has 'uri', 'other'"):
        items(f"{pictures}/l.csv#nope")


def test_without_a_known_column_the_error_names_those_there_are(pictures: Path) -> None:
    (pictures / "l.csv").write_text("one,two\n1,2\n")
    with pytest.raises(UsageError, match="it has 'one', 'two'") as caught:
        items(pictures / "l.csv")
    assert "#column" in caught.value.do


def test_a_csv_of_one_column_needs_no_header(pictures: Path) -> None:
    (pictures / "l.csv").write_text("a b.jpg\nsub/c.png\n")
    assert [item.uri for item in items(pictures / "l.csv")] == [f"{pictures}/a b.jpg", f"{pictures}/sub/c.png"]


def test_short_and_broken_lines_are_rows(pictures: Path) -> None:
    (pictures / "l.csv").write_text("n,uri\n1\n2,a b.jpg\n3,\n")
    assert [item.skip for item in items(pictures / "l.csv")] == [
        "bad-uri: no URI in the line", None, "bad-uri: no URI in the line",
    ]  # fmt: skip
    (pictures / "l.jsonl").write_bytes(b'{"uri": 1}\nnot json\n"a b.jpg"\n\xff\n')
    assert [item.skip for item in items(pictures / "l.jsonl")] == [
        "bad-uri: no URI in the line", "bad-uri: no URI in the line", None, "bad-uri: no URI in the line",
    ]  # fmt: skip


def test_a_repeat_within_a_list_and_across_sources_comes_once(pictures: Path) -> None:
    (pictures / "sub" / "l.txt").write_text("../a b.jpg\nc.png\nc.png\n")
    found = items(pictures / "sub" / "l.txt", pictures)
    assert [item.uri.removeprefix(f"{pictures}/") for item in found] == [
        "a b.jpg", "sub/c.png", "100%25.jpg", "sub/l.txt",
    ]  # fmt: skip
    assert [item.item_id for item in found] == [0, 1, 2, 3]


def test_a_directory_named_like_a_list_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "set.csv").mkdir()
    (tmp_path / "set.csv" / "a.jpg").write_bytes(JPEG)
    assert [item.uri for item in items(tmp_path / "set.csv")] == [f"{tmp_path}/set.csv/a.jpg"]


def test_a_missing_or_broken_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RekscanError, match="cannot read"):
        items(tmp_path / "no.csv")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(RekscanError, match="not a Parquet file"):
        items(tmp_path / "bad.parquet")


def test_lines_on_stdin(pictures: Path) -> None:
    code = (
        "from jobs.sources import enumerate_sources\n"
        "print([i.uri for i in enumerate_sources(['-'], s3_client_factory=None)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"a b.jpg\ns3://b/k.jpg\n", capture_output=True, cwd=pictures, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.decode().strip() == str([f"{pictures}/a b.jpg", "s3://b/k.jpg"])


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("name", ["l.txt", "l.csv", "l.jsonl"])
def test_a_list_of_another_program_is_read_in_its_encoding(pictures: Path, coding: str, name: str) -> None:
    uris = ["s3://b/é.jpg", "s3://b/\u4e2d.jpg"]
    lines = {"l.csv": ["n;url", *(f"1;{uri}" for uri in uris)], "l.jsonl": [f'{{"uri": "{uri}"}}' for uri in uris]}
    (pictures / name).write_bytes("\r\n".join(lines.get(name, uris)).encode(coding))
    assert [item.uri for item in items(pictures / name)] == uris


@pytest.mark.parametrize(
    "text",
    [
        "n;uri\n1;s3://b/k,1.jpg\n",
        "n\turi\n1\ts3://b/k,1.jpg\n",
        "sep=;\nn;uri\n1;s3://b/k,1.jpg\n",
        "sep=\t\nn\turi\n1\ts3://b/k,1.jpg\n",
        "Bucket;n;KEY\nb;1;k,1.jpg\n",
    ],
)  # fmt: skip
def test_columns_may_be_parted_by_something_else(pictures: Path, text: str) -> None:
    (pictures / "l.csv").write_text(text)
    assert [item.uri for item in items(pictures / "l.csv")] == ["s3://b/k,1.jpg"]


def test_bucket_and_key_make_an_object_in_every_kind_of_list(pictures: Path) -> None:
    (pictures / "l.csv").write_text('bucket,key\nb,"a, b.jpg"\n,x.jpg\nb\n')
    (pictures / "l.jsonl").write_text(
        '{"key": "a, b.jpg", "bucket": "b"}\n{"bucket": "b"}\n{"bucket": "b", "key": null}\n'
    )
    pq.write_table(pa.table({"key": ["a, b.jpg", None, ""], "bucket": ["b"] * 3}), pictures / "l.parquet")
    for name in ("l.csv", "l.jsonl", "l.parquet"):
        found = items(pictures / name)
        assert found[0].uri == "s3://b/a, b.jpg"
        assert [item.skip for item in found[1:]] == ["bad-uri: no URI in the line"] * 2
    (pictures / "l.csv").write_text("bucket,key,url\nb,k.jpg,https://h/x.jpg\n")
    assert [item.uri for item in items(pictures / "l.csv")] == ["https://h/x.jpg"]


@pytest.mark.parametrize("name", ["output.manifest", "input.json", "manifest.json", "manifest", "l.txt", "l.jsonl"])
def test_manifests_of_ground_truth_and_bulk_analysis_are_lists_by_any_name(pictures: Path, name: str) -> None:
    truth = '{"source-ref": "s3://b/1.jpg", "label": 3, "label-metadata": {"confidence": 0.9}}'
    bulk = '{"source-ref": "s3://b/2.jpg", "source-ref-metadata": {"moderation-results": {"version": "1.0"}}}'
    (pictures / name).write_text(f"{truth}\n{bulk}\n")
    assert [(item.uri, item.skip) for item in items(pictures / name)] == [
        ("s3://b/1.jpg", None),
        ("s3://b/2.jpg", None),
    ]


@pytest.mark.parametrize("line", ["2026-11-27 21:38:07      12345 2019/a b.jpg", " " * 27 + "PRE 2019/"])
def test_what_aws_s3_ls_prints_is_refused_with_a_hint(pictures: Path, line: str) -> None:
    (pictures / "l.txt").write_text(f"{line}\n")
    with pytest.raises(UsageError, match="`aws s3 ls` prints") as caught:
        items(pictures / "l.txt")
    assert "s3://bucket/prefix" in caught.value.do


def test_a_url_that_ends_like_a_page_may_be_a_picture(pictures: Path) -> None:
    urls = {
        "https://h/view.php?id=5": None, "https://h/view.php": None, "https://h/get.txt?as=jpg": None,
        "https://h/doc.pdf": "not-media", "https://h/notes.txt": "not-media", "https://h": None,
    }  # fmt: skip
    (pictures / "l.txt").write_text("\n".join(urls))
    assert {item.uri: item.skip for item in items(pictures / "l.txt")} == urls


@pytest.mark.parametrize("name", ["l.txt", "l.csv", "l.jsonl"])
def test_a_line_beyond_sense_is_one_row_and_no_memory(pictures: Path, name: str) -> None:
    (pictures / name).write_bytes(b"uri\n"[: 4 * (name == "l.csv")] + b"x" * (3 * LONGEST) + b'\n"s3://b/k.jpg"\n')
    tracemalloc.start()
    found = items(pictures / name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [item.skip for item in found][:1] == ["bad-uri: no URI in the line"]
    assert len(found) == 2
    assert peak < 4 * LONGEST


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_of_something(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    root = tmp_path_factory.mktemp("any")
    for name in ("l.txt", "l.jsonl"):
        (root / name).write_bytes(data)
        for item in items(root / name):
            item.uri.encode("utf-8")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def test_a_list_may_lie_on_s3(s3: S3Server) -> None:
    table = io.BytesIO()
    pq.write_table(pa.table({"key": ["rel/a.jpg", "s3://else/b.jpg"]}), table)
    s3.bucket("lists", {"in/l.txt": b"rel/a.jpg\ns3://else/b.jpg\n\x0bodd\x1c.jpg", "in/l.parquet": table.getvalue()})
    for name in ("l.txt", "l.parquet"):
        found = list(enumerate_sources([f"s3://lists/in/{name}"], s3_client_factory=s3.client))
        assert [item.uri for item in found][:2] == ["s3://lists/in/rel/a.jpg", "s3://else/b.jpg"]
    with pytest.raises(RekscanError, match="no object"):
        list(enumerate_sources(["s3://lists/none.csv"], s3_client_factory=s3.client))
