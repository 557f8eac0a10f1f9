"""Which parts of a URL are secrets, and what stays when they are gone."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.redact import GONE, hides_something, redact, shown_uri, shown_url

AWS = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=KEEPOUT%2F20261127&X-Amz-Date=1&X-Amz-Signature=KEEPOUT"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (f"https://b.s3.amazonaws.com/a.jpg?{AWS}", "https://b.s3.amazonaws.com/a.jpg?signature=***"),
        (f"https://h/a.jpg?w=5&{AWS}&versionId=7", "https://h/a.jpg?w=5&versionId=7&signature=***"),
        (f"https://h/a.jpg?{AWS.replace('X-Amz', 'X-Goog')}", "https://h/a.jpg?signature=***"),
        ("https://h/a?Expires=1&Signature=KEEPOUT&Key-Pair-Id=KEEPOUT", "https://h/a?signature=***"),
        ("https://h/a?sv=2020&sr=b&sig=KEEPOUT%3D&se=9&sp=r&id=7", "https://h/a?id=7&signature=***"),
        ("https://h/?token=KEEPOUT&id=5", "https://h/?token=***896f3641d4bf95f1&id=5"),
        ("https://h/?x_api-key=KEEPOUT", "https://h/?x_api-key=***896f3641d4bf95f1"),
        ("https://h/?password=KEEPOUT", "https://h/?password=***"),
        ("https://u:KEEPOUT@h:80/a", "https://***@h:80/a"),
        ("ftp://KEEPOUT@h/a", "ftp://***@h/a"),
        ("s3://AKIA:KEEPOUT@b/k", "s3://***@b/k"),
        ("https://h/a#access_token=KEEPOUT", "https://h/a#access_token=***"),
    ],
)
def test_a_uri_keeps_what_names_the_thing_and_nothing_that_opens_it(uri: str, shown: str) -> None:
    assert shown_uri(uri) == shown_uri(shown) == shown
    assert hides_something(shown)
    assert "KEEPOUT" not in redact(f"cannot fetch it ({uri}): no")


@pytest.mark.parametrize(
    "uri",
    ["/p/a?sig=1.jpg", "s3://b/a?sig=1&token=2", "file:///p%FF", "https://h/a.jpg", "https://h/p.php?id=5&page=2",
     "https://h/a?st=5&expires=3", "https://h/?q=cats&key=photos/a.jpg", "https://h/@user/a.jpg", ""],
)  # fmt: skip
def test_a_uri_without_a_secret_is_as_it_was(uri: str) -> None:
    assert shown_uri(uri) == uri
    assert not hides_something(uri)


def test_one_thing_signed_twice_is_one_and_two_tokens_are_two() -> None:
    assert shown_uri(f"https://h/a?{AWS}") == shown_uri(f"https://h/a?{AWS}x".replace("Date=1", "Date=2"))
    assert shown_uri("https://h/?token=A") != shown_uri("https://h/?token=B")


def test_a_url_inside_a_url_hides_its_own() -> None:
    inner = "https://resize.h/?url=https%3A%2F%2Fb%2Fa.jpg%3Fsig%3DKEEPOUT&w=100"
    assert "KEEPOUT" not in shown_uri(inner) + redact(inner)
    assert shown_uri(inner).endswith("&w=100")
    assert shown_uri(inner) != shown_uri(inner.replace("a.jpg", "b.jpg"))


@pytest.mark.parametrize(
    "text",
    ["Redis at redis://:KEEPOUT@h:6/0 is away", "rediss://me:KEE@POUT@h", "unix:///r.sock?password=KEEPOUT&db=1",
     "Max retries exceeded with url: /a.jpg?X-Amz-Signature=KEEPOUT (Caused by x)", "'https://h/?sig=KEEPOUT'"],
)  # fmt: skip
def test_text_loses_the_secrets_of_its_urls(text: str) -> None:
    assert "KEEPOUT" not in redact(text)
    assert "POUT" not in redact(text)


@given(st.dictionaries(st.text(), st.text() | st.sampled_from(['a://b:"\\c@d', '?sig=\\"x', "&token=é\n"])))
def test_what_is_json_stays_json(document: dict[str, str]) -> None:
    try:
        text = orjson.dumps(document).decode()
    except orjson.JSONEncodeError:  # a lone surrogate
        return
    assert isinstance(orjson.loads(redact(text)), dict)


@pytest.mark.parametrize("password", ["s3cr'x", 's3cr"x', "s3<r", "s3\\r", "s3 r", "1/s3cr"])
def test_a_services_url_loses_a_password_of_any_signs(password: str) -> None:
    assert shown_url(f"redis://u:{password}@host:1/0") == f"redis://{GONE}@host:1/0"
