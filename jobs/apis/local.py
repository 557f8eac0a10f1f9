"""What the bundled models answer on the workers, for conditions alone (`--first local`): `local.faces`, ...

Rule: an answer has the form of AWS's, so its columns are those of the API that it stands before; no meter counts it, it
shares no call, and its name tells it from AWS's everywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

import orjson

from jobs.apis.base import Api, Param
from jobs.apis.columns import Columns

LOCAL = "local"  # before the dot
MODELS = "0.1"  # of the bundled models: an answer of others is no answer to this question
NUDITY = ("Explicit", "Explicit Nudity")
# Name after the dot -> the API it stands before, and parameters that ask for more than AWS's defaults: the condition
# says what is enough.
_BEFORE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "faces": ("faces", {}),
    "labels": ("labels", {"min_confidence": 20.0}),
    "nudity": ("moderation", {"min_confidence": 0.0}),
    "text": ("text", {"min_confidence": 50.0}),
}


def _named(api: Api, name: str) -> Columns:
    """Its columns. Of labels and flags every name is known that the models have."""
    values = _names(name)
    return Columns(
        replace(one, values=values) if values and one.name == api.name_column else one for one in api.columns
    )


def _names(name: str) -> tuple[str, ...]:
    if name == "labels":
        return tuple(orjson.loads(files("jobs").joinpath("data/local_labels.json").read_bytes()))
    return NUDITY if name == "nudity" else ()


def local_apis(images: Mapping[str, Api]) -> Iterator[Api]:
    """Of the APIs for images, those that the bundled models stand before."""
    for name, (of, more) in _BEFORE.items():
        params = tuple(replace(p, default=more.get(p.name, p.default)) for p in images[of].params)
        models = Param("models", "str", MODELS, "version of the bundled models")
        yield replace(
            images[of],
            name=f"{LOCAL}.{name}",
            summary=f"What the bundled models see of what `{of}` finds.",
            meters=(),
            meters_by_params=None,
            params=(*params, models),
            assumptions=(),
            sights=(),
            shares=False,
            columns=_named(images[of], name),
            local=True,
        )
