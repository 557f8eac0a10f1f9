"""Every setting as it is in force, and where it comes from: what `doctor` shows.

Rule: a value is told with the name of the place that said it: a flag, a variable of the environment, a file of AWS's.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.aws.access import config_files
from jobs.errors import RekscanError
from jobs.later import Later
from jobs.money.stored import data_folder
from jobs.redact import shown_url
from rekscan.settings import Settings

if TYPE_CHECKING:
    from jobs.aws import clients
else:
    clients = Later("jobs.aws.clients")

# Beside the fields of Settings, what our own variables say when nobody sets them.
_OURS = {"REKSCAN_LOG": "WARNING", "REKSCAN_WIRE": "lean"}
_AWS = ("AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Setting:
    """`value`: as text, without a password; None: not set. `origin`: flag, default, or the name of what says it."""

    name: str
    value: str | None
    origin: str


def origins(settings: Settings, flags: frozenset[str] = frozenset()) -> list[Setting]:
    """`flags`: the names of those that were given."""
    return [*(_field(settings, name, flags) for name in type(settings).model_fields), *_variables()]


def _field(settings: Settings, name: str, flags: frozenset[str]) -> Setting:
    value, variable = getattr(settings, name), f"{settings.PREFIX}{name.upper()}"
    if name in flags:
        return Setting(name, _plain(value), "flag")
    if variable in os.environ:
        return Setting(name, _plain(value), variable)
    told = None
    with suppress(RekscanError):  # a profile that is not there: the check of AWS says so
        told = _FALLBACKS[name](settings) if name in _FALLBACKS else None
    return told or Setting(name, _plain(value), "default")


def _region(settings: Settings) -> Setting | None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if value := os.environ.get(variable):
            return Setting("region", value, variable)
    aws = settings.aws
    found = clients.region_of(aws) if aws.is_configured else None
    return Setting("region", found, str(config_files()[0])) if found else None


def _profile(settings: Settings) -> Setting | None:
    for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):  # as botocore looks
        if value := os.environ.get(variable):
            return Setting("profile", value, variable)
    return None


def _endpoint(settings: Settings, service: str) -> Setting | None:
    name = f"{service}_endpoint_url"
    if settings.endpoint_url:
        return Setting(name, _plain(settings.endpoint_url), "endpoint_url")
    for variable in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if value := os.environ.get(variable):
            return Setting(name, _plain(value), variable)
    found = clients.endpoint_of(settings.aws, service) if settings.aws.is_configured else None
    return Setting(name, _plain(found), str(config_files()[0])) if found else None


_FALLBACKS: Mapping[str, Callable[[Settings], Setting | None]] = {
    "region": _region,
    "profile": _profile,
    "s3_endpoint_url": lambda settings: _endpoint(settings, "s3"),
    "rekognition_endpoint_url": lambda settings: _endpoint(settings, "rekognition"),
}


def _variables() -> Iterator[Setting]:
    """What is only said in the environment: ours always, others where they are set."""
    for name, default in _OURS.items():
        yield Setting(name, os.environ.get(name) or default, name if os.environ.get(name) else "default")
    where = next((name for name in ("REKSCAN_DATA", "XDG_DATA_HOME") if os.environ.get(name)), "default")
    yield Setting("REKSCAN_DATA", str(data_folder()), where)
    others = (name for name in os.environ if name.startswith("AWS_ENDPOINT_URL") or name in _AWS)
    yield from (Setting(name, _plain(os.environ[name]), "environment") for name in sorted(others))
    read = {*_OURS, "REKSCAN_DATA", *(f"{Settings.PREFIX}{name.upper()}" for name in Settings.model_fields)}
    mistyped = (name for name in os.environ if name.startswith(Settings.PREFIX) and name not in read)
    yield from (Setting(name, _plain(os.environ[name]), "environment: nothing reads it") for name in sorted(mistyped))


def _plain(value: object) -> str | None:
    """As text, without a password that a URL may carry."""
    return None if value is None else shown_url(str(value)) if "://" in str(value) else str(value)
