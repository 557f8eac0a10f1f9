import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import UsageError
from jobs.sources.globs import Globs
from jobs.sources.rows import Rows

parts = st.lists(st.text("ab.[]*?!-\n é", min_size=1, max_size=4), min_size=1, max_size=4)


def wanted(globs: Globs, *uris: str, base: str = "/photos/") -> list[str]:
    rows = Rows()
    for uri in uris:
        rows.add(uri, "image")
    found = globs.apply(rows.take(), base)
    return found.filter(found.column("skip").is_null()).column("uri").to_pylist()


@pytest.mark.parametrize(
    "glob, path, matches",
    [
        ("*.gif", "a.gif", True),
        ("*.gif", "deep/er/a.gif", True),
        ("*.gif", "a.gif.jpg", False),
        ("*.gif", "a.GIF", False),
        ("trash", "x/trash/y/z.jpg", True),
        ("trash", "x/trash2/z.jpg", False),
        ("trash/", "trash/z.jpg", True),
        ("2019/raw", "2019/raw/x.jpg", True),
        ("2019/raw", "old/2019/raw/x.jpg", False),
        ("/x.jpg", "x.jpg", True),
        ("/x.jpg", "sub/x.jpg", False),
        ("a/*/x.jpg", "a/b/x.jpg", True),
        ("a/*/x.jpg", "a/b/c/x.jpg", False),
        ("a/**/x.jpg", "a/x.jpg", True),
        ("a/**/x.jpg", "a/b/c/x.jpg", True),
        ("a/**", "a/b/c", True),
        ("img?.jpg", "img1.jpg", True),
        ("img?.jpg", "img/.jpg", False),
        ("[0-9]*.jpg", "1a.jpg", True),
        ("[!0-9]*.jpg", "1a.jpg", False),
        ("[!0-9]*.jpg", "a.jpg", True),
        ("[", "[", True),
        ("a+(b).jpg", "a+(b).jpg", True),
        ("x", "x\n", False),
    ],
)
def test_what_a_glob_matches(glob: str, path: str, matches: bool) -> None:
    assert Globs(exclude=(glob,)).excludes(path) == matches
    assert wanted(Globs(include=(glob,)), f"/photos/{path}") == [f"/photos/{path}"] * matches


def test_excluding_takes_from_what_is_included() -> None:
    globs = Globs(include=("*.jpg", "*.png"), exclude=("small-*", "old"))
    assert wanted(globs, "/photos/a.jpg", "/photos/small-a.jpg", "/photos/b.webp", "/photos/old/c.png") == [
        "/photos/a.jpg"
    ]


def test_paths_are_those_inside_the_source_whatever_its_kind() -> None:
    glob = Globs(include=("in/*.jpg",))
    assert wanted(glob, "s3://b/p/in/x.jpg", "s3://b/in/x.jpg", base="s3://b/p/") == [
        "s3://b/p/in/x.jpg", "s3://b/in/x.jpg",
    ]  # fmt: skip
    assert wanted(glob, "https://h/in/x.jpg?a=/b", "https://h/y/in/x.jpg") == ["https://h/in/x.jpg?a=/b"]
    assert wanted(glob, "file:///photos/in/caf%E9.jpg", "file:///photos/caf%E9.jpg") == ["file:///photos/in/caf%E9.jpg"]
    assert wanted(glob, "file:///caf%E9/in/x.jpg", base="file:///caf%E9/") == ["file:///caf%E9/in/x.jpg"]


def test_a_glob_of_bytes_that_are_no_utf_8_matches_the_names_that_have_them():
    globs = Globs(exclude=("caf\udce9*",))
    assert wanted(globs, "file:///photos/caf%E9.jpg", "/photos/cafe.jpg") == ["/photos/cafe.jpg"]
    assert "\udce9" not in globs.exclude[0]  # job.json keeps it


def test_a_reason_that_is_there_stays() -> None:
    rows = Rows()
    rows.add("/photos/a.txt", "other", skip="not-media")
    assert Globs(exclude=("*",)).apply(rows.take(), "/photos/").column("skip").to_pylist() == ["not-media"]


@pytest.mark.parametrize("glob", ["", "/", "[z-a]"])
def test_a_glob_that_is_none_is_refused(glob: str) -> None:
    with pytest.raises(UsageError, match="is not a glob"):
        Globs(exclude=(glob,))


@given(parts, st.text("ab.*?[]!-", min_size=1, max_size=6))
def test_any_glob_is_read_alike_by_python_and_arrow_and_as_fnmatch_reads_names(path: list[str], glob: str) -> None:
    try:
        globs = Globs(exclude=(glob,))
    except UsageError:
        return
    text = "/".join(path)
    matched = globs.excludes(text)
    assert wanted(globs, f"/photos/{text}") == [f"/photos/{text}"] * (not matched)
    if "**" not in glob and "[" not in glob:
        assert matched == any(fnmatch.fnmatchcase(name, glob) for name in path)
