import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import RekscanError
from jobs.items import Item
from jobs.sources import enumerate_sources, path_of, uri_of

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
names = st.binary(min_size=1, max_size=30).filter(lambda n: not set(n) & {0, 47} and n[:1] != b".")


def no_s3() -> None:
    raise AssertionError("a directory needs no S3")


def items(*sources: Path | str) -> list[Item]:
    return list(enumerate_sources([str(source) for source in sources], s3_client_factory=no_s3))


def write(path: bytes) -> None:
    with open(path, "wb") as file:  # noqa: PTH123  pathlib has no bytes paths
        file.write(JPEG)


def skips(found: list[Item], root: Path) -> dict[str, str | None]:
    return {item.uri.removeprefix(f"{root}/"): item.skip for item in found}


def test_files_come_in_one_order_with_sizes_and_ids_from_zero(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.png", "sub/c.jpg", "sub/deep/d.webp", "also/e.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(JPEG)
    found = items(tmp_path)
    assert [item.uri.removeprefix(f"{tmp_path}/") for item in found] == [
        "a.png", "b.jpg", "also/e.jpg", "sub/c.jpg", "sub/deep/d.webp",
    ]  # fmt: skip
    assert [item.item_id for item in found] == list(range(5))
    assert {(item.size, item.kind, item.skip) for item in found} == {(len(JPEG), "image", None)}
    assert found[0].modified is not None and found[0].modified.timestamp() == pytest.approx(
        (tmp_path / "a.png").stat().st_mtime, abs=1e-5
    )


def test_what_is_not_sent_says_why(tmp_path: Path) -> None:
    (tmp_path / ".hidden.jpg").write_bytes(JPEG)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "inside.jpg").write_bytes(JPEG)
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "raw.X3F").write_bytes(b"II*\0")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.jpg").symlink_to(tmp_path / "round.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.close()
    assert skips(items(tmp_path), tmp_path) == {
        ".hidden.jpg": "hidden",
        ".git/": "hidden-directory",
        "empty.jpg": "empty",
        "notes.txt": "not-media",
        "raw.X3F": "unsupported-format: x3f",
        "broken.jpg": "unreadable: broken link",
        "round.jpg": "unreadable: Too many levels of symbolic links",
        "pipe.jpg": "not-a-file",
        "s": "not-a-file",
    }


def test_a_name_that_says_nothing_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "4f2a").write_bytes(JPEG)
    (tmp_path / "odd.xyz").write_bytes(b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00")
    (tmp_path / "jpg").write_text("only a name")
    kinds = {item.uri.rpartition("/")[2]: (item.kind, item.skip) for item in items(tmp_path)}
    assert kinds == {"4f2a": ("image", None), "odd.xyz": ("video", None), "jpg": ("other", "not-media")}


def test_loops_end_and_linked_directories_come_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(JPEG)
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.jpg").write_bytes(JPEG)
    (tmp_path / "out").symlink_to(elsewhere)
    found = items(tmp_path)
    assert [item.uri for item in found] == [f"{tmp_path}/real/a.jpg", f"{tmp_path}/out/b.jpg"]


@pytest.mark.parametrize("unreadable", ["dir", "file.jpg"])
def test_what_cannot_be_read_is_a_row(tmp_path: Path, unreadable: str) -> None:
    # As an ordinary user, because root reads everything.
    (tmp_path / "dir").mkdir()
    (tmp_path / "file.jpg").write_bytes(JPEG)
    (tmp_path / unreadable).chmod(0)
    found = skips(_as_nobody(tmp_path), tmp_path)
    denied = "unreadable: Permission denied"
    assert found == ({"dir/": denied, "file.jpg": None} if unreadable == "dir" else {"file.jpg": denied})


def _as_nobody(root: Path) -> list[Item]:
    """The items an ordinary user sees."""
    if os.geteuid() != 0:
        return items(root)
    for folder in (root, *root.parents):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        return items(root)
    finally:
        os.seteuid(0)


@settings(max_examples=60)
@given(st.sets(names, max_size=8))
def test_any_name_a_filesystem_holds_survives(tmp_path_factory: pytest.TempPathFactory, found: set[bytes]) -> None:
    root = tmp_path_factory.mktemp("names")
    for name in found:
        write(os.fsencode(root) + b"/" + name)
    assert {path_of(item.uri) for item in items(root)} == {os.fsencode(root) + b"/" + name for name in found}
    assert items(root) == items(root)


def test_one_file_is_a_source_too(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/.caf\xe9 .jpg"
    write(odd)
    (found,) = items(uri_of(odd))
    assert path_of(found.uri) == odd
    assert (found.kind, found.size, found.skip) == ("image", len(JPEG), None)


def test_a_missing_source_is_an_error_one_can_act_on(tmp_path: Path) -> None:
    with pytest.raises(RekscanError, match="No such file") as caught:
        items(tmp_path / "nowhere")
    assert caught.value.do


def test_a_directory_inside_another_source_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(JPEG)
    (tmp_path / ".secret").mkdir()
    (tmp_path / ".secret" / "b.jpg").write_bytes(JPEG)
    found = items(tmp_path / "in", tmp_path, tmp_path, tmp_path / ".secret", tmp_path / "in" / "a.jpg")
    assert [(item.uri.removeprefix(f"{tmp_path}/"), item.skip) for item in found] == [
        (".secret/", "hidden-directory"), ("in/a.jpg", None), (".secret/b.jpg", None),
    ]  # fmt: skip


def test_many_sources_on_the_command_line_are_no_trouble(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number:04d}.jpg").write_bytes(JPEG)
    every = sorted(str(path) for path in tmp_path.iterdir())
    assert [item.uri for item in items(*every)] == every
    assert [item.uri for item in items(*every, tmp_path)] == every
