"""A span of an S3 object by one ranged GET, without what stands around botocore's signer and connections.

Rule: one look costs a scan of S3 as much CPU as the paid call, so this goes the short way: address resolved once per
bucket, signed by botocore's own S3SigV4Auth, sent over the client's own connections (proxy, certificates, timeouts).
Whatever is not a plain success is None, and the caller asks boto3, which retries and explains.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from jobs.aws.lean.private_names import missing

log = logging.getLogger(__name__)
_FOREIGN = (AttributeError, KeyError, ValueError, TypeError)  # botocore is not as it was


@dataclass(frozen=True, slots=True)
class Span:
    data: bytes
    total: int  # bytes of the whole object
    etag: str | None  # without quotes


class SpanReader:
    """For one boto3 S3 client; thread-safe."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._places: dict[str, tuple[str, str] | None] = {}  # bucket -> (URL of the bucket, signing Region)
        self._missing = missing(client)
        if self._missing:
            log.warning("boto3 reads the beginnings of objects, because %s", self._missing)

    def read(
        self, bucket: str, key: str, count: int, *, first: int = 0, etag: str | None, version: str | None
    ) -> Span | None:
        """`count` bytes of the object from byte `first`, of this `etag` and `version` when given. None: ask boto3."""
        if self._missing:
            return None
        try:
            if bucket not in self._places:
                self._places[bucket] = self._place(bucket)
            place = self._places[bucket]
            return self._get(place, key, (first, count), etag, version) if place else None
        except (ClientError, BotoCoreError, HTTPError, OSError, *_FOREIGN) as error:
            log.debug("boto3 reads s3://%s/%s: %s", bucket, key, error)
            return None

    def _place(self, bucket: str) -> tuple[str, str] | None:
        model = self._client.meta.service_model.operation_model("GetObject")
        context = {
            "client_region": self._client.meta.region_name,
            "client_config": self._client.meta.config,
            "has_streaming_input": False,
            "auth_type": None,
            "unsigned_payload": None,
        }
        url, headers, properties = self._client._resolve_endpoint_ruleset(
            model, {"Bucket": bucket, "Key": "k"}, context
        )
        scheme = (properties.get("authSchemes") or [{}])[0]
        plain = self._client.meta.config.signature_version == "s3v4" and scheme.get("name", "sigv4") == "sigv4"
        if headers or not plain or bucket.startswith("arn:"):
            return None
        return url.rstrip("/"), scheme.get("signingRegion") or self._client.meta.region_name

    def _get(
        self, place: tuple[str, str], key: str, span: tuple[int, int], etag: str | None, version: str | None
    ) -> Span | None:
        url, region = place
        first, count = span
        credentials = self._client._request_signer._credentials
        if credentials is None:
            return None
        headers = {"Range": f"bytes={first}-{first + count - 1}", "Accept-Encoding": "identity"}
        if etag:
            headers["If-Match"] = f'"{etag}"'
        request = AWSRequest(
            method="GET",
            url=f"{url}/{quote(key, safe='/~')}" + (f"?versionId={quote(version, safe='')}" if version else ""),
            headers=headers,
            stream_output=True,
        )
        S3SigV4Auth(credentials.get_frozen_credentials(), "s3", region).add_auth(request)
        answer = self._client._endpoint.http_session.send(request.prepare())
        data = _read(answer.raw, count)
        if answer.status_code == 206 or (answer.status_code == 200 and first == 0):
            return _span(answer.headers, data)
        return None


def _read(raw: Any, count: int) -> bytes:
    """At most `count` bytes of a body: a server that knows no ranges sends everything. Its connection is used again if
    there were no more."""
    try:
        data = bytes(raw.read(count + 1))
    except BaseException:
        raw.close()
        raise
    if len(data) > count:
        raw.close()
    else:
        raw.release_conn()
    return data[:count]


def _span(headers: Mapping[str, str], data: bytes) -> Span | None:
    """None where nobody says how large the whole object is."""
    announced = headers.get("content-range", "").rpartition("/")[2] or headers.get("content-length", "")
    etag = headers.get("etag", "").strip('"')
    return Span(data, int(announced), etag or None) if announced.isdigit() else None
