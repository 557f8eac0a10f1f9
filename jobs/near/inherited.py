"""What of a job's answers was inherited, and from how far away."""

from collections import Counter
from collections.abc import Mapping

from jobs.costs import Costs
from jobs.costs.reckoning import CostLine
from jobs.folder import JobFolder
from jobs.folder.facts import COLUMNS, facts
from jobs.outcomes import INHERITED
from jobs.plan import near
from jobs.planned import PlannedNear
from jobs.words import dollars


def inherited(folder: JobFolder) -> dict[str, Counter[int]]:
    """By API, answers by the bits in which the two pictures differ. As far as the folder has them."""
    found: dict[str, Counter[int]] = {}
    for parts in folder.shard_parts().values():
        table = facts(folder, parts, columns=(*COLUMNS, "distance"))  # no answer is read
        columns = (table.column(name).to_pylist() for name in ("api", "sent", "distance"))
        for api, sent, distance in zip(*columns, strict=True):
            if sent == INHERITED:
                found.setdefault(api, Counter())[distance or 0] += 1
    return found


def inherited_text(costs: Costs, planned: PlannedNear | None, found: Mapping[str, Mapping[int, int]]) -> list[str]:
    """What --near saved, and what it may have missed. `found`: answers by API and by the bits between two pictures."""
    lines, first = [], dict[str, CostLine]()
    for line in costs.lines:
        first.setdefault(line.api, line)  # of the places it was asked at
    for line in first.values():
        if by_distance := found.get(line.api):
            usd = line.worth(sum(by_distance.values()))
            spared = f": about {dollars(usd)} spared" if usd is not None else ""
            lines.append(near.inherited(line.api, by_distance) + spared)
    return [*lines, *(near.missed(planned) if planned and lines else ())]
