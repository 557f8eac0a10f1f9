"""Whose answers a job has: AWS's, the bundled emulator's, or those of another endpoint.

Rule: what AWS was not asked AWS did not bill, and that is said in the same words everywhere.
"""

from jobs.folder.spec import JobSpec
from jobs.redact import shown_url
from jobs.uris import is_aws

AWS, EMULATOR = "AWS", "the bundled emulator"


def whose(spec: JobSpec) -> str:
    """`AWS`, `the bundled emulator`, or an endpoint's address."""
    return answering(local=spec.options.local, endpoint=spec.rekognition_url)


def answering(*, local: bool, endpoint: str | None) -> str:
    """The same of a scan that is planned."""
    if local:
        return EMULATOR
    return AWS if endpoint is None or is_aws(endpoint) else shown_url(endpoint)


def unpaid(spec: JobSpec) -> str:
    """A sentence on answers that AWS did not give; "" of a job that AWS answers."""
    found = whose(spec)
    if found == EMULATOR:
        return "Answers are the bundled emulator's: nothing was paid."
    return "" if found == AWS else f"Answers are those of {found}, not of AWS, which was paid nothing."
