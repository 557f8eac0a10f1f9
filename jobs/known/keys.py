"""The names of contents and of calls in the index. Pure.

A call is the service that answers, the API, its parameters, and the form the picture is sent in. A form is named by
what is sent, so that jobs with and without `--fit` share what they would send alike:

    as-is       unaltered, by a job that may mend pictures and saw no need to: any job would send the same bytes
    mended      altered to fit AWS's limits
    unaltered   unaltered, by a job that may not mend: another job might mend it first
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from jobs.apis import Choice
from jobs.items import Item
from jobs.uris import is_aws

Form = str
_BUNDLED = "bundled"  # the models on the workers, whoever answers the other APIs of the job
_BOTH: dict[bool, tuple[Form, Form]] = {True: ("as-is", "mended"), False: ("as-is", "unaltered")}


def content_id(content: str) -> bytes:
    """16 bytes that stand for a content in the index; SQL says `unhex(substr(sha256(content), 1, 32))`."""
    return hashlib.sha256(content.encode()).digest()[:16]


def listed_content(item: Item) -> str | None:
    """What is known of an item's content before it is read: S3 lists ETag and size. As media/origins.py writes it."""
    return f"etag:{item.etag}:{item.size}" if item.etag and item.size else None


def form_of(*, mended: bool, fit: bool) -> Form:
    """The form that a row of a job with or without `fit` was answered in."""
    if not fit:
        return "unaltered"
    return "mended" if mended else "as-is"


def call_id(account: str, choice: Choice, form: Form) -> int:
    """A 64-bit number for a call. `choice` has the bytes of files it names (`with_files`), `account` is job.json's."""
    service = _BUNDLED if choice.api.local else _service(account)
    document = [service, choice.api.name, form, {k: _plain(v) for k, v in choice.question.items()}]
    data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big", signed=True)


def call_ids(account: str, choice: Choice, *, fit: bool) -> tuple[int, ...]:
    """The calls whose answer a job would take for this choice; none for an API whose answers do not last."""
    return tuple(call_id(account, choice, form) for form in _BOTH[fit]) if choice.api.reusable else ()


def with_files(choices: Iterable[Choice], read: Callable[[str], bytes | None]) -> tuple[Choice, ...]:
    """The choices with the pictures that their parameters name, as bytes."""
    found = []
    for choice in choices:
        names = [param.name for param in choice.api.params if param.type == "file" and choice.params.get(param.name)]
        data: Mapping[str, Any] = {name: read(choice.params[name]) for name in names}
        found.append(replace(choice, params={**choice.params, **data}))
    return tuple(found)


def _service(account: str) -> str:
    """Who answers: AWS is one service whatever the account or Region; an emulator is another."""
    if account == "local":
        return account
    given, _, host = account.partition("endpoint:")
    return account if given != account and not is_aws(f"https://{host}") else "aws"


def _plain(value: Any) -> Any:
    return f"sha256:{hashlib.sha256(value).hexdigest()}" if isinstance(value, bytes) else value
