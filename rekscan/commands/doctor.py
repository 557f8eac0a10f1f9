"""`rekscan doctor`: is everything there that a scan needs, and where does each setting come from."""

import platform
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Annotated

from botocore.exceptions import BotoCoreError, ClientError
from cyclopts import Parameter

from jobs.apis import ask
from jobs.aws import clients
from jobs.aws.lean.methods import transport
from jobs.aws.s3_errors import explain
from jobs.errors import RekscanError, UsageError
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.ledger.server import trouble
from rekscan import policies
from rekscan.console.output import print_json, print_line
from rekscan.console.trouble import explained
from rekscan.origins import origins
from rekscan.scans.engine import ledger
from rekscan.scans.stages import stages_text
from rekscan.settings import Connection, Settings, resolve
from workers.supervisor import server_binary


def doctor(
    *source: str,
    api: Annotated[list[str] | None, Parameter(help="With --policy: what is scanned for.", negative=())] = None,
    policy: Annotated[
        bool, Parameter(help="Print the least IAM policy for --api, SOURCE and the home.", negative=())
    ] = False,
    stage: Annotated[str | None, Parameter(help="Look at this stage for films of this machine, too.")] = None,
    connection: Connection | None = None,
    json: Annotated[bool, Parameter(help="Print a JSON document.", negative=())] = False,
) -> int:
    """Check this machine, the credentials and the Redis, and print each setting with its origin.

    Example: `rekscan doctor --policy --api labels s3://bucket/2019/`
    """
    settings = resolve(connection, stage=stage)
    if policy:
        region = settings.aws_region("*")
        print_json(policies.policy(ask(api or ()), source, settings.home, region, settings.stage))
        return 0
    if source or api:
        raise UsageError("SOURCE and --api are for --policy", "Add --policy, or leave them out.")
    given = {f.name for f in fields(connection) if getattr(connection, f.name) is not None} if connection else set()
    given |= {"stage"} if stage is not None else set()
    checks = {name: _try(check, settings) for name, check in _CHECKS.items()}
    found = origins(settings, frozenset(given))
    if json:
        shown = {each.name: {"value": each.value, "origin": each.origin} for each in found}
        print_json({"settings": shown, "checks": {n: {"ok": ok, "says": says} for n, (ok, says) in checks.items()}})
    else:
        for each in found:
            print_line(f"{each.name:<28} {'-' if each.value is None else each.value:<32} {each.origin}")
        print_line("")
        for name, (ok, says) in checks.items():
            print_line(f"{'ok  ' if ok else 'FAIL'} {name:<12} {says}")
    return 0 if all(ok for ok, _ in checks.values()) else 1


def _try(check: Callable[[Settings], str], settings: Settings) -> tuple[bool, str]:
    try:
        return True, check(settings)
    except Exception as error:  # a profile that is not there, a configuration that cannot be read
        found = error if isinstance(error, RekscanError) else explained(error)
        return False, f"{found.what}. {found.do}"


def _python(settings: Settings) -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages(settings: Settings) -> str:
    return ", ".join(
        f"{name} {_version(name)}" for name in ("rekscan", "celery", "redis", "boto3", "pyarrow", "pandas")
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        raise RekscanError(f"{name} is not installed", "Run `make install`, or pip install rekscan.") from None


def _redis(settings: Settings) -> str:
    if settings.redis_url is None:
        return f"a local scan starts {server_binary()}"
    records = ledger(settings)
    assert records is not None  # redis_url is set
    if (why := trouble(records.redis)) is not None:
        raise RekscanError(why.what, why.do)
    return "Redis answers, and takes what the ledger writes"


def _aws(settings: Settings) -> str:
    if not clients.has_credentials(settings.aws) and settings.rekognition_url is None:
        return "no credentials are set up: `demo` and `--local` work, scans on AWS do not"
    region = settings.aws_region()
    account = clients.account_of(settings.aws)
    return f"account {account}, Region {region}"


def _transport(settings: Settings) -> str:
    return transport(clients.rekognition(replace(settings.aws, region=settings.aws_region("us-east-1"))))


def _emulator(settings: Settings) -> str:
    missing = [name for name in ("onnxruntime", "cv2", "rapidocr") if find_spec(name) is None]
    if missing:
        raise RekscanError(f"--local needs {', '.join(missing)}", "pip install 'rekscan[emulator]'")
    return "the emulator's packages are there"


def _specs(settings: Settings) -> Iterator[JobSpec]:
    """Of the jobs that this version can read."""
    for name in list_jobs(settings.home, settings.aws):
        with suppress(RekscanError):
            yield JobFolder(settings.home, name, settings.aws).spec


def _stage(settings: Settings) -> str:
    try:
        return stages_text(settings, _specs(settings))
    except (BotoCoreError, ClientError) as error:
        why = explain(error, settings.stage or "the stage")
        raise RekscanError(why.what, why.do) from error


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "packages": _packages,
    "redis": _redis,
    "aws": _aws,
    "transport": _transport,
    "emulator": _emulator,
    "stage": _stage,
}
