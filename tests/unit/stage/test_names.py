"""The names of what lies in a stage."""

import pytest

from jobs.stage.names import Note, Stage, content_of

DIGEST = "ab" * 32


def test_a_film_is_named_by_its_content_and_its_notes_by_who_needs_it() -> None:
    stage = Stage.parse("s3://films/to/rekognition")
    key = stage.key(DIGEST, "mp4")
    note = Note(key, "20261128-060000-ab12", 7)
    assert (key, content_of(key)) == (f"to/rekognition/{DIGEST}.mp4", f"sha256:{DIGEST}.mp4")
    assert stage.is_film(stage.key(DIGEST, "h264.mp4"))
    assert note.name == f"{key}.needed-by/20261128-060000-ab12/7"
    assert stage.note(note.name) == note
    assert stage.is_film(key) and not stage.is_film(note.name)


@pytest.mark.parametrize(
    "name", ["holiday.mp4", f"x/{DIGEST}.mp4", f"{DIGEST}", f"{DIGEST}.mp4.needed-by/7", "a.needed-by/j/7"]
)
def test_what_is_named_otherwise_is_nobody_of_ours(name: str) -> None:
    for uri in ("s3://films/", "s3://films/below/"):
        stage = Stage.parse(uri)
        assert stage.note(stage.prefix + name) is None
        assert not stage.is_film(stage.prefix + name)


@pytest.mark.parametrize("uri", ["films", "/films", "https://films/", "s3://", "s3:///key"])
def test_a_stage_is_a_bucket_with_or_without_a_prefix(uri: str) -> None:
    with pytest.raises(ValueError, match="s3"):
        Stage.parse(uri)
    assert Stage.parse("s3://films/a//").uri == "s3://films/a/"
    assert Stage.parse("s3://films").uri == "s3://films/"


def test_an_access_point_is_refused() -> None:
    with pytest.raises(ValueError, match="access point"):
        Stage.parse("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/films/x")
