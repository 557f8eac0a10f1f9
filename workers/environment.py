"""Records that read what they are not given from the environment.

Rule: a field's name there is its own, in capitals, after the prefix. What the record is made with comes first.
"""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator


class FromEnvironment(BaseModel):
    """`WorkerConfig()` with REKSCAN_WORKER_CALLS=7 has `calls=7`. Raises ValidationError for what does not fit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    PREFIX: ClassVar[str]
    EMPTY_IS_UNSET: ClassVar[bool] = False

    @model_validator(mode="before")
    @classmethod
    def _from_environment(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        names = {name: cls.PREFIX + name.upper() for name in cls.model_fields}
        found = {field: os.environ[name] for field, name in names.items() if name in os.environ}
        return {field: value for field, value in found.items() if value or not cls.EMPTY_IS_UNSET} | dict(given)
