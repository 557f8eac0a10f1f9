"""A job goes on where it began: the same endpoint, the same AWS account.

Rule: what answers the rest of a job is never changed in silence by what the environment says. A flag may.
"""

from dataclasses import replace

from jobs.aws import clients
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobSpec
from jobs.folder.whose import AWS, EMULATOR, answering, whose
from jobs.uris import is_aws
from rekscan.scans.places import same_accounts
from rekscan.settings import Connection, Settings

_FLAG = "--rekognition-endpoint-url"
_NOT_THERE = "which the workers of a cluster do not ask: they would ask AWS"
_ITS_OWN = f"Unset REKSCAN_REDIS_URL to run it here, or name an emulator of the cluster's: {_FLAG} http://..."


def same_service(
    spec: JobSpec, settings: Settings, connection: Connection | None = None, *, other_account: bool = False
) -> None:
    """Raises RekscanError when a job would be answered by another service than it was begun with (told by flag, it
    may, but not by AWS: costs and the home's month tell a job as that of who it was begun with), or by another account
    of AWS (unless `other_account`).

    A cluster's workers have their own credentials: there the account is that of whoever goes on with the job.
    """
    told = connection is not None and (connection.rekognition_endpoint_url or connection.endpoint_url)
    now = settings.rekognition_url or spec.rekognition_url
    local = spec.options.local and settings.rekognition_url is None
    if local and settings.redis_url is not None:
        raise RekscanError(f"job {spec.job} was begun with {EMULATOR}, {_NOT_THERE}", _ITS_OWN)
    answers = answering(local=local, endpoint=now)
    if answers == AWS != whose(spec):
        raise RekscanError(
            f"job {spec.job} was begun with {whose(spec)}, and AWS would answer and bill the rest",
            "Begin a scan of its own for that: what it costs would be missing in the costs of the month.",
        )
    if answers != whose(spec) and not told:
        raise RekscanError(
            f"job {spec.job} was begun with {whose(spec)}, and {now} would answer the rest",
            f"Take that endpoint out of the environment, or say that it is meant: {_FLAG} {now}.",
        )
    if whose(spec) == AWS and not told and not other_account:
        _same_account(spec, settings)
        same_accounts(spec.places, settings)


def _same_account(spec: JobSpec, settings: Settings) -> None:
    try:
        account = clients.account_of(replace(settings.aws, region=spec.region))
    except RekscanError as error:
        raise RekscanError(error.what, f"{error.do} --other-account does not look who pays for the rest.") from error
    if account != spec.account:
        raise RekscanError(
            f"job {spec.job} was begun with the AWS account {spec.account}, and {account} would pay for the rest",
            "Name the profile of the first with --profile, or say that it is meant: --other-account.",
        )


def not_aws_itself(settings: Settings, *, local: bool) -> None:
    """Raises UsageError when a scan that is to be the emulator's would be paid for: AWS is its endpoint, or what the
    workers of a cluster ask."""
    url = settings.rekognition_url if local else None
    if url is not None and is_aws(url):
        raise UsageError(f"--local, and {url} is AWS's own endpoint", f"Leave --local out, or take {url} away.")
    if local and url is None and settings.redis_url is not None:
        raise UsageError(f"--local starts {EMULATOR} on this machine, {_NOT_THERE}", _ITS_OWN)
