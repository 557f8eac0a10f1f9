"""Where an item can be looked at: its file, its address, or the console of AWS.

Rule: a link says nothing that the tables do not; what was left out of an address is not put back.
"""

from urllib.parse import quote, quote_from_bytes

from jobs.folder import JobSpec
from jobs.redact import hides_something
from jobs.uris import is_arn, is_aws, is_local, path_of, split_s3

# The console's host by partition. Source: the sign-in endpoints of the AWS General Reference.
_CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


def file_link(uri: str) -> str:
    """What opens a file of this machine, "" of any other item."""
    return f"file://{quote_from_bytes(path_of(uri))}" if is_local(uri) else ""


def link(uri: str, spec: JobSpec) -> str:
    """What opens an item in a browser; "" where nothing does."""
    if uri.startswith(("http://", "https://")):
        return "" if hides_something(uri) else uri
    if not uri.startswith("s3://"):
        return file_link(uri)
    bucket, key = split_s3(uri)
    if is_arn(bucket) or not is_aws(spec.s3_url):
        return ""
    host = next((host for start, host in _CONSOLES.items() if spec.region.startswith(start)), "console.aws.amazon.com")
    return f"https://{host}/s3/object/{quote(bucket)}?region={spec.region}&prefix={quote(key, safe='')}"
