"""A model version as --custom-model declares it: `logos/v1=cat,dog`, or `logos/old:EXPIRED=cat` for another status.

Rule: it was trained by nobody. It knows the names of its labels, and finds them where a name says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from emulator.errors import OptionError

CREATED = 1_767_225_600  # seconds since 1970, in every ARN as milliseconds: 2026-01-01
TRAINED = "TRAINING_COMPLETED"
FAILED = "FAILED"
_ARN = "arn:aws:rekognition:us-east-1:000000000000:project"
_STATUSES = (
    TRAINED, "TRAINING_IN_PROGRESS", "TRAINING_FAILED", "COPYING_IN_PROGRESS", "COPYING_COMPLETED", "COPYING_FAILED",
    FAILED, "DELETING", "DEPRECATED", "EXPIRED",
)  # fmt: skip
_NAME = r"[a-zA-Z0-9_.\-]{1,255}"
_DECLARED = re.compile(rf"({_NAME})/({_NAME})(?::([A-Z_]+))?=([^,]+(?:,[^,]+)*)")


@dataclass(frozen=True, slots=True)
class Version:
    """`status`: where it stands as long as nobody has started it; one that is FAILED fails at every start."""

    project: str
    name: str
    labels: tuple[str, ...]
    status: str = TRAINED

    @property
    def project_arn(self) -> str:
        return f"{_ARN}/{self.project}/{CREATED}000"

    @property
    def arn(self) -> str:
        return f"{_ARN}/{self.project}/version/{self.name}/{CREATED}000"


def declared(texts: Iterable[str]) -> dict[str, Version]:
    """By ARN, in the order declared. Raises OptionError."""
    found = (_version(text) for text in texts)
    return {version.arn: version for version in found}


def _version(text: str) -> Version:
    match = _DECLARED.fullmatch(text)
    if match is None:
        raise OptionError(f"--custom-model {text}: write PROJECT/VERSION=LABEL,LABEL, as logos/v1=cat,dog")
    project, name, status, labels = match.groups()
    if status and status not in _STATUSES:
        raise OptionError(f"--custom-model {text}: there is no status {status}; write one of {', '.join(_STATUSES)}")
    return Version(project, name, tuple(label.strip() for label in labels.split(",")), status or TRAINED)
