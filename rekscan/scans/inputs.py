"""Pictures that parameters name (`compare-faces:source=`): looked at and mended as any picture that is sent.

Rule: one that AWS would refuse is refused here, before anything is listed or paid.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from jobs.apis import Choice
from jobs.apis.base import Limits, Param
from jobs.errors import UsageError
from jobs.items import Item
from jobs.media.check import Skip
from jobs.media.pool import DecoderPool
from jobs.media.prepare import Preparer
from jobs.uris import own

_WANTED = "It takes a picture of a format that is scanned too (JPEG, PNG, WebP, HEIC, ...)."


def check_inputs(choices: Sequence[Choice], *, fit: bool) -> None:
    """Raises UsageError on a picture that cannot be sent."""
    for choice, param in input_params(choices):
        path = choice.params[param.name]
        found = input_picture(path, fit=fit)
        if isinstance(found, Skip):
            raise UsageError(f"--api {choice.api.name}:{param.name}={path}: {found.message}", _WANTED)


def input_params(choices: Sequence[Choice]) -> Iterator[tuple[Choice, Param]]:
    """The parameters that name a picture."""
    for choice in choices:
        for param in choice.api.params:
            if param.type == "file" and choice.params.get(param.name):
                yield choice, param


def input_picture(path: str, *, fit: bool) -> bytes | Skip:
    """The picture as it is sent, or why it cannot be. `fit`: it may be mended."""
    item = Item(0, str(Path(own(path)).absolute()), "image")
    with DecoderPool(1) as pool:
        found = Preparer(pool, _no_s3, fit=fit).prepare(item, Limits(), s3_allowed=False)
        if isinstance(found, Skip):
            return found
        with found:
            return bytes(found.image["Bytes"])


def _no_s3() -> None:
    raise AssertionError("the picture of a parameter is a local file")
