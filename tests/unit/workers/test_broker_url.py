"""The URL of a Redis, as kombu writes it."""

import pytest

from workers.config import broker_url


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://queue:6379/2", "redis://queue:6379/2"),
        ("redis://:p%40ss@queue:6379?db=4", "redis://:p%40ss@queue:6379/4"),
        ("unix:///tmp/r.sock", "redis+socket:///tmp/r.sock"),
        ("unix://ann:p%40ss@/tmp/r.sock?db=3", "redis+socket://ann:p%40ss@/tmp/r.sock?virtual_host=3"),
        ("rediss://queue/1", "rediss://queue/1?ssl_cert_reqs=required"),
        (
            "rediss://queue/1?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem&socket_timeout=3",
            "rediss://queue/1?ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem&ssl_cert_reqs=required",
        ),
        ("rediss://queue/1?ssl_cert_reqs=none", "rediss://queue/1?ssl_cert_reqs=none"),
    ],
)
def test_database_and_certificates_are_those_of_the_url(url: str, broker: str) -> None:
    assert broker_url(url) == broker
