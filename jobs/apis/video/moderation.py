"""`video-moderation`: unsafe or unwanted content of stored video, by StartContentModeration."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Param, VideoApi
from jobs.apis.columns import EMPTY, LONG, TEXT, Columns, column, moment, percent, span
from jobs.apis.moderation import label_columns, rows_of
from jobs.apis.sights import Sight

_LABEL = "ModerationLabels[].ModerationLabel"
SCHEMA = Columns(
    [
        moment("ModerationLabels[]"),
        *span("ModerationLabels[]"),
        *label_columns(_LABEL, "ModerationLabels[].ContentTypes"),
    ]
)
BRIEF = Columns(
    [
        column("moderation_label", TEXT, "most confident label, the narrower of equals", f"{_LABEL}.Name"),
        percent("moderation_confidence", "its confidence", f"{_LABEL}.Confidence"),
        column("moderation_at_ms", LONG, "when: milliseconds from the film's start", "ModerationLabels[].Timestamp"),
    ]
)


def rows(page: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per label and moment, or as long as it lasted; a film without any has none."""
    for found in page.get("ModerationLabels") or ():
        when = found.get("Timestamp"), found.get("StartTimestampMillis"), found.get("EndTimestampMillis")
        for row in rows_of([found.get("ModerationLabel") or EMPTY], found.get("ContentTypes")):
            yield *when, *row


class Brief:
    def __init__(self) -> None:
        self._best: tuple[tuple[float, int], tuple[Any, ...]] = ((-1.0, 0), (None, None, None))

    def add(self, page: Mapping[str, Any]) -> None:
        for found in page.get("ModerationLabels") or ():
            label = found.get("ModerationLabel") or EMPTY
            rank = label.get("Confidence") or 0.0, label.get("TaxonomyLevel") or 0
            if rank > self._best[0]:
                self._best = rank, (label.get("Name"), label.get("Confidence"), found.get("Timestamp"))

    def values(self) -> tuple[Any, ...]:
        return self._best[1]


API = VideoApi(
    name="video-moderation",
    operation="StartContentModeration",
    summary="Nudity, violence, drugs and other content to review, over time.",
    sights=(Sight("{n} flagged as unsafe", "nothing flagged as unsafe"),),
    meters=("video-moderation",),
    params=(
        Param("min_confidence", "float", 50.0, "leave out labels under this confidence (AWS's default: 50)", 0, 100),
    ),
    request=lambda params: {"MinConfidence": params["min_confidence"]},
    reading={"SortBy": "TIMESTAMP"},
    version=lambda page: page.get("ModerationModelVersion"),
    answer_keys=("ModerationLabels", "ModerationModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=Brief,
    brief_columns=BRIEF,
    name_column="name",
)
