"""What `doctor` tries: this machine, Redis, AWS, and what these credentials may do there.

Rule: a check that fails says what is the matter and what to do, and is never taken for another trouble; what could not
be tried says so.
"""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.apis import Asked, Choice, VideoChoice
from jobs.aws import checkup, clients
from jobs.aws.access import Aws
from jobs.aws.checkup import Answer, Said
from jobs.aws.lean.methods import transport
from jobs.aws.region_names import refuse_unknown
from jobs.aws.s3_errors import explain
from jobs.errors import RekscanError
from jobs.folder import JobFolder, JobSpec, list_jobs
from jobs.ledger.server import trouble
from jobs.money.stored import stored_quotas
from jobs.places import Place
from jobs.uris import split_s3
from rekscan import policies
from rekscan.console.trouble import explained
from rekscan.scans.engine import ledger
from rekscan.scans.models_left import of_home
from rekscan.scans.places import with_accounts
from rekscan.scans.stages import stages_text
from rekscan.settings import Settings
from workers.supervisor import server_binary

LEFT_OUT = "left out"  # a Region of several, of what it lacks: a scan asks the others


@dataclass(frozen=True, slots=True)
class Check:
    """`found`: "ok", "failed", "left out", or what a service of AWS said in a word or two."""

    ok: bool
    found: str
    says: str

    @property
    def line(self) -> str:
        return self.says if self.found in (Said.OK, "failed") else f"{self.found}: {self.says}"

    @property
    def mark(self) -> str:
        return "-" if self.found == LEFT_OUT else "ok" if self.ok else "FAIL"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def checked(settings: Settings, asked: Asked, sources: Sequence[str], places: Sequence[Place] = ()) -> dict[str, Check]:
    """By name, in the order they are shown. `places`: besides the first, each tried as that."""
    found = {name: _try(check, settings) for name, check in _CHECKS.items()}
    if untried := _untried(settings, "s3"):
        found["s3"] = untried
    else:
        found |= _s3(settings, asked, sources)
    bucket = next((split_s3(source)[0] for source in sources if source.startswith("s3://")), None)
    found |= _rekognition(settings, (*asked.images, *asked.videos), bucket)
    for place in places:
        found |= {f"{name} {place.name}": check for name, check in _there(settings, asked, place).items()}
    if any(place.profile for place in places):
        found["accounts"] = _try(partial(_accounts, places=tuple(places)), settings)
    return found


def _rekognition(
    settings: Settings, choices: Sequence[Choice | VideoChoice], bucket: str | None = None
) -> dict[str, Check]:
    if untried := _untried(settings, "rekognition"):
        return {"rekognition": untried}
    found = {"rekognition": _answered(checkup.rekognition, settings)}
    for choice in choices if found["rekognition"].ok else ():
        found[choice.api.name] = _answered(partial(checkup.permitted, choice=choice, bucket=bucket), settings)
    return found


def _there(settings: Settings, asked: Asked, place: Place) -> dict[str, Check]:
    """At a place besides the first: what a scan would ask there."""
    quotas, profile = stored_quotas(), place.profile or settings.profiles[0]
    if why := quotas.unlisted(place.region):
        return {"rekognition": Check(True, LEFT_OUT, why)}
    there = settings.model_copy(update={"region": place.region, "profile": profile})
    free = [choice for choice in asked.images if not choice.bound]
    offered = [choice for choice in free if quotas.offers(choice.api.operation, place.region)]
    found = {"aws": _try(_aws, there)} | _rekognition(there, offered)
    why = f"not offered in {place.region}, as far as is known ({quotas.as_of})"
    return found | {choice.api.name: Check(True, LEFT_OUT, why) for choice in free if choice not in offered}


def _accounts(settings: Settings, places: tuple[Place, ...]) -> str:
    if (untried := _untried(settings, "rekognition")) is not None:
        return untried.says
    found = with_accounts(places, settings, settings.aws_region())
    return (
        f"{len({place.account for place in found} | {clients.account_of(settings.aws)})}, each with a quota of its own"
    )


def _untried(settings: Settings, service: str) -> Check | None:
    """Why AWS is not asked; None where it, or another endpoint, can be."""
    try:
        if clients.endpoint_of(settings.aws, service) is not None:
            return None
        if not clients.has_credentials(settings.aws):
            return Check(True, Said.OK, "not tried: no credentials are set up")
        refuse_unknown(settings.aws_region())
    except RekscanError:
        return Check(True, Said.OK, "not tried: see `aws`")
    return None


def _s3(settings: Settings, asked: Asked, sources: Sequence[str]) -> dict[str, Check]:
    """One for each place on S3, or for S3 where none is named."""
    near, places = bool(asked.videos), [*sources, settings.home]
    tries: list[Callable[[Aws], Answer]] = []
    for place in dict.fromkeys(place for place in places if place.startswith("s3://")):
        if place in sources and policies.names_objects(place):
            tries.append(partial(checkup.s3_file, uri=place))
        else:
            tries.append(partial(checkup.s3_place, uri=place, near=near and place in sources))
    if not tries and sources and all(map(os.path.isdir, sources)):
        return {"s3": Check(True, Said.OK, "not tried: neither SOURCE nor the home is on S3")}
    if not tries:
        return {"s3": _answered(checkup.s3_alone, settings)}
    return {f"s3 {n}" if n > 1 else "s3": _answered(one, settings) for n, one in enumerate(tries, 1)}


def _answered(ask_of: Callable[[Aws], Answer], settings: Settings) -> Check:
    try:
        answer = ask_of(replace(settings.aws, region=settings.aws_region("us-east-1")))
    except Exception as error:  # as below
        return _failed(error)
    return Check(answer.ok, answer.said, answer.text)


def _try(check: Callable[[Settings], str], settings: Settings) -> Check:
    try:
        return Check(True, Said.OK, check(settings))
    except Exception as error:  # a profile that is not there, a configuration that cannot be read
        return _failed(error)


def _failed(error: Exception) -> Check:
    found = error if isinstance(error, RekscanError) else explained(error)
    return Check(False, "failed", f"{found.what}. {found.do}")


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
    asks = any(clients.endpoint_of(settings.aws, service) is None for service in ("s3", "rekognition"))
    if asks and (named := settings.aws_region("")):
        refuse_unknown(named)
    if not clients.has_credentials(settings.aws) and settings.rekognition_url is None:
        return "no credentials are set up: `demo` and `--local` work, scans on AWS do not"
    region = settings.aws_region()
    account = clients.account_of(settings.aws)
    return f"account {account}, Region {region}, credentials from {clients.source_of_credentials(settings.aws)}"


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


def _models(settings: Settings) -> str:
    left = of_home(settings, ledger(settings))
    if left:
        raise RekscanError(" ".join(one.text for one in left), "Each hour is billed")
    return "no job of this home has left one running"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "packages": _packages,
    "redis": _redis,
    "aws": _aws,
    "transport": _transport,
    "emulator": _emulator,
    "stage": _stage,
    "models": _models,
}
