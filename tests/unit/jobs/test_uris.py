from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.formats.names import extension, of_key
from jobs.uris import path_of, split_s3, uri_of

names = st.binary(min_size=1, max_size=40).filter(lambda n: b"\0" not in n and b"/" not in n and n not in (b".", b".."))


@given(st.lists(names, min_size=1, max_size=4))
@example([b"with space", b"new\nline", b"100%41.jpg"])
@example([b"caf\xe9.jpg"])
@example([b"file:", b"x"])
def test_every_path_survives_the_way_to_the_manifest_and_back(parts: list[bytes]) -> None:
    path = b"/" + b"/".join(parts)
    uri = uri_of(path)
    uri.encode("utf-8")
    assert path_of(uri) == path


@given(st.lists(names, min_size=1, max_size=3), st.lists(names, min_size=1, max_size=3))
def test_two_paths_never_share_a_uri(one: list[bytes], other: list[bytes]) -> None:
    first, second = (b"/" + b"/".join(parts) for parts in (one, other))
    assert (uri_of(first) == uri_of(second)) == (first == second)


def test_percent_and_newline_stay_as_they_are() -> None:
    assert uri_of("/a b/100%41\n.jpg") == "/a b/100%41\n.jpg"


def test_a_path_that_is_not_utf8_becomes_a_percent_encoded_uri() -> None:
    assert uri_of(b"/caf\xe9%.jpg") == "file:///caf%E9%25.jpg"


def test_a_relative_path_becomes_absolute() -> None:
    assert uri_of("x.jpg") == f"{Path.cwd()}/x.jpg"


@pytest.mark.parametrize("uri", ["s3://b/k", "http://h/p", "x.jpg", ""])
def test_only_local_uris_have_a_path(uri: str) -> None:
    with pytest.raises(ValueError, match="not a local file"):
        path_of(uri)


def test_an_s3_key_keeps_its_slashes_and_percents() -> None:
    assert split_s3("s3://b/a//b%20/") == ("b", "a//b%20/")
    with pytest.raises(ValueError, match="S3"):
        split_s3("s3:///key")


@pytest.mark.parametrize(
    ("name", "ext"),
    [("a/b.JPG", "jpg"), ("a.b/c", ""), (".jpg", ""), ("a/.jpg", ""), ("a.", ""), ("a.tar.gz", "gz"), ("", "")],
)
def test_extension(name: str, ext: str) -> None:
    assert extension(name) == ext


def test_a_key_whose_name_says_nothing_may_be_a_picture() -> None:
    assert of_key("dir/4f2a9c") == ("image", None)
    assert of_key("dir/readme.txt") == ("other", "not-media")
    assert of_key("dir/film.MOV") == ("video", None)
    assert of_key("dir/raw.X3F") == ("image", "unsupported-format: x3f")
