"""Names that people know of Rekognition and that stand for nothing any more: what happened, and what does it now.

Rule: a name is here only with a date. Sources: botocore's service model (People Pathing "discontinued on October 31,
2025"; streaming video "no longer available to new customers"), for the second date third parties.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    what: str  # happened
    instead: str


ENDED: Mapping[str, Ended] = {
    "video-persons": Ended(
        "AWS ended People Pathing on 2025-10-31",
        "video-labels has boxes of persons, video-faces has faces, video-face-search follows them by an index.",
    ),
    "video-stream": Ended(
        "AWS closed streaming video to new customers on 2026-04-30; it read live Kinesis streams, never files",
        "Record the stream to S3: video-labels and video-face-search read it there. An account that still has it:"
        " rekscan estimate --units stream-labels=MINUTES or stream-face-search=MINUTES.",
    ),
}
