"""The terms of a scan: all that its answers and its price depend on but what the source holds.

Rule: made once from what was typed (or from job.json), and passed on whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from jobs.apis import Choice, VideoChoice
from jobs.places import Place
from jobs.plan.frame_rule import FrameRule
from jobs.plan.near_rule import Near
from jobs.sample.asked import SampleSize
from jobs.sources import EVERYTHING, Globs
from rekscan.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """`tps`: calls per second by API or operation, instead of the quota's. `max_cost`, `month_cap`: dollars."""

    choices: tuple[Choice, ...]  # for pictures
    settings: Settings
    region: str
    videos: tuple[VideoChoice, ...] = ()  # for films
    video_jobs: int | None = None  # that may be open at once, instead of the quota
    frames: FrameRule | None = None  # which frames of films the APIs for pictures are asked about
    near: Near | None = None  # which pictures look alike: one of them is asked
    first: tuple[Choice, ...] = ()  # what the bundled models answer before, on the workers
    places: tuple[Place, ...] = ()  # where calls go besides `region`
    local: bool = False  # the bundled emulator answers
    transcode: bool = False  # films of other codecs are made into H.264 before they are sent
    fit: bool = True  # mend what AWS refuses
    peek: bool = True  # look at the first bytes of S3 objects
    again: bool = False  # pay again for what is known
    column: str | None = None  # of a list, with the paths
    versions: bool = False  # S3 objects with their versions
    globs: Globs = EVERYTHING  # which files of the source are wanted
    request_payer: bool = False  # reading the source on S3 is on our bill
    allow_private_urls: bool = False  # URLs of a list may lead to this machine and its network
    tps: Mapping[str, float] = field(default_factory=dict)
    max_cost: Decimal | None = None
    month_cap: Decimal | None = None  # of the home, from now on
    sample: SampleSize | None = None  # only images drawn from the source

    @property
    def stage(self) -> str | None:
        """Where films of this machine are uploaded for Rekognition; the bundled emulator takes them where they are."""
        return self.settings.stage if self.videos and not self.local else None
