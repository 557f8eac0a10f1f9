"""Pairs of pictures that look alike, of which both were asked: in how many the answers differ.

Rule: what is compared is the gist of an answer (`Api.gist`), not its confidences; a pair of which one has no answer
says nothing.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from jobs.apis import Choice
from jobs.folder import JobFolder
from jobs.near.groups import followers
from jobs.planned import PairsAsked


def pairs_asked(folder: JobFolder, choices: Sequence[Choice]) -> tuple[PairsAsked, ...]:
    """By the answers of a job whose pairs are in its `near/`; of those APIs that take answers over."""
    wanted = {choice.api.name: choice for choice in choices if choice.inherits}
    gists: dict[tuple[str, int], Any] = {}
    for files in folder.result_parts().values():
        table = folder.result(files)
        columns = (table.column(name).to_pylist() for name in ("item_id", "api", "outcome", "response"))
        for item, api, outcome, response in zip(*columns, strict=True):
            if api in wanted and outcome == "ok":
                gists[api, item] = _gist(wanted[api], orjson.loads(response))
    pairs = [
        (item, follower.leader)
        for shard in range(folder.spec.shards)
        for item, follower in followers(folder, shard).items()
    ]
    return tuple(_asked(choice, pairs, gists) for choice in wanted.values())


def _asked(choice: Choice, pairs: Sequence[tuple[int, int]], gists: dict[tuple[str, int], Any]) -> PairsAsked:
    name, gist = choice.api.name, choice.api.gist
    both = [(name, one) in gists and (name, other) in gists for one, other in pairs]
    answered = [pair for pair, there in zip(pairs, both, strict=True) if there]
    differ = sum(gists[name, one] != gists[name, other] for one, other in answered)
    return PairsAsked(name, gist.what if gist else "number of rows", len(answered), differ)


def _gist(choice: Choice, answer: dict[str, Any]) -> Any:
    gist = choice.api.gist
    return gist.of(answer) if gist else sum(1 for _ in choice.api.rows(answer))
