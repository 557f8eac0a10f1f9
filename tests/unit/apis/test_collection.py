"""The name an item's faces get in a collection: within AWS's alphabet, the same every time, and back again."""

from hypothesis import example, given
from hypothesis import strategies as st

from jobs.apis.collection import external_image_id, uri_of
from tests.support.aws_shapes import operation, violations

NAME = operation("IndexFaces").input_shape.members["ExternalImageId"]
uris = st.one_of(
    st.text(min_size=1).map(lambda path: "/" + path),
    st.text(min_size=1).map(lambda key: "s3://photos/" + key),
    st.text(min_size=200, max_size=400).map(lambda path: "/" + path),
)


@given(st.text())
@example("/photos/100% of it/a:b/ümlaut\n.jpg")
def test_every_uri_has_a_name_aws_takes(uri: str) -> None:
    assert list(violations(external_image_id(uri), NAME)) == []


@given(uris)
def test_a_name_leads_back_to_its_uri_or_is_known_to_be_hashed(uri: str) -> None:
    name = external_image_id(uri)
    assert uri_of(name) == (None if name.startswith(":h") else uri)


@given(uris, uris)
def test_two_items_never_share_a_name(one: str, other: str) -> None:
    assert (external_image_id(one) == external_image_id(other)) == (one == other)


def test_a_name_that_rekscan_did_not_give_is_not_taken_for_a_uri() -> None:
    for name in ("badge-0017", "me.jpg", ":2f", ":", "a:", ":FF", "::a:41", "", None):
        assert uri_of(name) is None


def test_a_plain_path_stays_readable_and_a_long_one_keeps_its_end() -> None:
    assert external_image_id("/photos/2019/IMG_0042.jpg") == "::photos::2019::IMG_0042.jpg"
    long = "s3://photos/" + "deep/" * 80 + "IMG_0042.jpg"
    name = external_image_id(long)
    assert len(name) == 255 and name.endswith("deep::IMG_0042.jpg")
    assert uri_of(name) is None
