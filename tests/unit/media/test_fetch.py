"""What a report's pictures are fetched with is made when there is one to fetch."""

import pytest

from jobs.aws.access import Aws
from jobs.errors import UsageError
from jobs.items import Item
from jobs.media.fetch import fetcher_of


def test_a_client_of_s3_is_made_for_the_first_object(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    fetch = fetcher_of(Aws("us-east-1", profile="nobody's", s3_url="http://127.0.0.1:9"))
    with pytest.raises(UsageError, match="nobody's"):
        fetch(Item(0, "s3://photos/a.jpg", "image", size=1000))
