"""What the answers that a home has say of a plan's conditions: of how many images each API would be asked.

Rule: free, and only where the answers are a fair sample of the source: a whole job on it, or a pilot's.
"""

from collections.abc import Iterator, Sequence, Set
from random import Random

import orjson
import pyarrow as pa

from jobs.apis import Choice
from jobs.conditions import needed
from jobs.conditions.trying import Sampled, try_out
from jobs.errors import RekscanError
from jobs.folder import JobFolder, list_jobs
from jobs.ledger import FIRST_OF_FILMS
from jobs.outcomes import NOT_ASKED
from jobs.plan.cascade import with_shares
from jobs.plan.values import Plan
from jobs.sources import is_local
from rekscan.scans.following import Following
from rekscan.scans.listing import absolute
from rekscan.scans.terms import Terms

PILOT = "sample of "  # before each source of a pilot
_SHARDS = 50  # of a large job, drawn with a fixed seed
_JOBS = 50  # the newest ones are looked at


def with_known_shares(plan: Plan, terms: Terms, sources: Sequence[str], following: Following | None) -> Plan:
    """The plan with what the newest fitting job of the home says of its conditions, if there is one."""
    if not plan.conditional:
        return plan
    folder = fitting(terms, sources, needed(terms.choices), PILOT)
    if folder is None:
        return plan
    return with_shares_of(plan, folder, (*terms.first, *terms.choices), following)


def with_shares_of(plan: Plan, folder: JobFolder, choices: Sequence[Choice], following: Following | None) -> Plan:
    """The plan with what a job's answers say of its conditions. `choices`: those of the bundled models among them.
    `following`: who takes the answers of others in the plan."""
    parts = {shard: files for shard, files in folder.result_parts().items() if shard < FIRST_OF_FILMS}
    drawn = sorted(Random(0).sample(sorted(parts), min(_SHARDS, len(parts))))  # noqa: S311  no secret
    follow = following.items_of(folder, drawn) if following else frozenset[int]()
    tried = try_out(choices, (_images(folder.result(parts[shard], first=True), follow) for shard in drawn))
    return with_shares(plan, tried, folder.job, groups=len(parts))


def _images(table: pa.Table, follow: Set[int]) -> Iterator[Sampled]:
    """Each image of a part with its calls. `follow`: items that take the answers of others."""
    calls: dict[int, dict[str, dict[str, object] | None]] = {}
    columns = (table.column(name).to_pylist() for name in ("item_id", "api", "outcome", "response"))
    for item_id, api, outcome, response in zip(*columns, strict=True):
        asked = calls.setdefault(item_id, {})
        if outcome != NOT_ASKED:
            asked[api] = orjson.loads(response or b"{}") if outcome == "ok" else None
    for item_id, asked in calls.items():
        yield Sampled(asked, item_id in follow)


def fitting(
    terms: Terms, sources: Sequence[str], asked: Set[str], before: str, *, always: bool = False
) -> JobFolder | None:
    """The newest whole job on these sources with answers of the APIs `asked`. `before`: what may stand before its
    sources, or must."""
    settings = terms.settings
    choices = (*terms.first, *terms.choices)
    wanted = {choice.api.name: dict(choice.params) for choice in choices if choice.api.name in asked}
    for job in reversed(list_jobs(settings.home, settings.aws)[-_JOBS:]):
        folder = JobFolder(settings.home, job, settings.aws)
        try:
            named = {
                source.removeprefix(before) for source in folder.spec.sources if source.startswith(before) or not always
            }
            if _fits(folder, wanted, terms, sources, {absolute(name) for name in named}):
                return folder
        except RekscanError:  # a job of a newer version, or a damaged one
            continue
    return None


def _fits(
    folder: JobFolder, wanted: dict[str, dict[str, object]], terms: Terms, sources: Sequence[str], named: Set[str]
) -> bool:
    spec = folder.spec
    there = {choice.api.name: dict(choice.params) for choice in spec.for_pictures}
    if spec.cut or spec.options.local != terms.local or any(there.get(name) != wanted[name] for name in wanted):
        return False
    if named != {absolute(source) for source in sources}:
        return False
    if sum(shard < FIRST_OF_FILMS for shard in folder.result_parts()) != spec.shards:
        return False  # what came first is no fair sample
    first = folder.items(0)[0].uri
    return not is_local(first) or any(first.startswith(name) for name in named)  # a name may be of another directory
