"""What of a job's answers was inherited, and from how far away."""

from collections import Counter

from jobs.folder import JobFolder
from jobs.outcomes import INHERITED


def inherited(folder: JobFolder) -> dict[str, Counter[int]]:
    """By API, answers by the bits in which the two pictures differ. As far as the folder has them."""
    found: dict[str, Counter[int]] = {}
    for files in folder.result_parts().values():
        columns = (folder.result(files).column(name).to_pylist() for name in ("api", "sent", "distance"))
        for api, sent, distance in zip(*columns, strict=True):
            if sent == INHERITED:
                found.setdefault(api, Counter())[distance or 0] += 1
    return found
