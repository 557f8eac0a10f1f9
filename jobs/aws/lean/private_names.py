"""What is used of botocore and urllib3 beyond what they document, in one place.

Rule: who uses such a name lists it here. Where one is missing, boto3 makes the calls its own way, and it is said aloud.
"""

from operator import attrgetter
from typing import Any

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.parsers
import urllib3

# Of any client.
_CLIENT = (
    "_endpoint.http_session._pool_classes_by_scheme",
    "_endpoint.http_session.send",
    "_request_signer._credentials",
    "_resolve_endpoint_ruleset",
)
# Of a Rekognition client.
_CALLS = (
    "_endpoint.http_session._get_connection_manager",
    "_endpoint.http_session._proxy_config.proxy_url_for",
    "_endpoint.http_session._setup_ssl_cert",
    "_endpoint.http_session._verify",
    "_request_signer._region_name",
    "_request_signer._signature_version",
    "_request_signer._signing_name",
    "_serializer.serialize_to_request",
    "exceptions.from_code",
    "meta.service_model.resolved_protocol",
)
# Of modules and classes. What only begins with `_handle_` is found by its shape's name.
_LIBRARIES: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (botocore.auth, ("SIGNED_HEADERS_BLACKLIST",)),
    (botocore.auth.SigV4Auth, ("add_auth", "headers_to_sign", "signature")),
    (botocore.awsrequest, ("prepare_request_dict",)),
    (botocore.credentials.RefreshableCredentials, ("get_frozen_credentials", "refresh_needed")),
    (
        botocore.parsers.JSONParser,
        ("_default_handle", "_handle_list", "_handle_structure", "_parse_body_as_json", "parse"),
    ),
    (urllib3.HTTPConnectionPool, ("_new_conn",)),
)


def missing_for_calls(client: Any) -> str:
    """Which names the lean way would not find, as text to show; empty: it has all."""
    libraries = [f"{owner.__name__}.{name}" for owner, names in _LIBRARIES for name in _absent(owner, names)]
    return _told([*_absent(client, (*_CLIENT, *_CALLS)), *libraries])


def missing(client: Any) -> str:
    """The same for what is used of any client (s3_spans, boto3_way, jobs/aws/paced.py)."""
    return _told(_absent(client, _CLIENT))


def _absent(owner: Any, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not _has(owner, name)]


def _has(owner: Any, path: str) -> bool:
    try:
        attrgetter(path)(owner)
    except AttributeError:
        return False
    return True


def _told(names: list[str]) -> str:
    return f"botocore {botocore.__version__} has no {', '.join(names)}" if names else ""
