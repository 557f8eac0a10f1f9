"""A call on a film: what is asked, and the way it goes through this process."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.apis import VideoChoice
from jobs.aws.lean.methods import Method
from jobs.folder import JobFolder
from jobs.folder.films import FilmItem
from jobs.known.question import Question
from jobs.ledger import Start, Starts
from jobs.media.check import Skip
from jobs.outcomes import Outcome
from workers.gate.gate import Turnstile
from workers.videos.known import KnownFilms
from workers.videos.looks import Looks
from workers.videos.rows import Subject
from workers.videos.shown import Shown
from workers.videos.slots import Slots
from workers.videos.staging import Staging


@dataclass(slots=True)
class FilmWay:
    """What the calls of one API of one job go through, in this process."""

    choice: VideoChoice
    start: Method
    get: Method
    starts_at: Turnstile
    gets_at: Turnstile
    account: str
    region: str
    root: str | None  # the folder that local films are below
    folder: JobFolder
    slots: Slots
    records: Starts
    look: Callable[[FilmItem], "Skip | None"]  # whether the object is still the one that was priced; may block
    looks: Looks
    shown: Shown
    staging: Staging | None  # where films of this machine are uploaded
    known: KnownFilms
    freed: asyncio.Event  # set when a slot was given back here
    patience: float  # seconds that a service may give nothing usable, until the job is stopped; 0: a film's trouble


@dataclass(slots=True, eq=False)
class FilmAsk:
    """A call to be made. `last`: its row of the folder that tells of a start; `start`: its start as the journal has it,
    or as it is now; `sent`: the film as AWS finds it, where it had to be staged."""

    name: str
    film: FilmItem
    way: FilmWay
    epoch: int
    subject: Subject
    last: Outcome | None = None
    start: Start | None = None
    sent: FilmItem | None = None
    answered_at: float | None = None  # time.monotonic() when AWS gave its JobId, where this process was told
    rows: list[Outcome] = field(default_factory=list)  # once it has its outcome

    @property
    def question(self) -> Question:
        way, film = self.way, self.sent or self.film
        return Question(
            way.account, way.region, way.choice.api.operation, film, way.choice.arguments(), self.epoch, way.root
        )

    @property
    def prior(self) -> Start | None:
        """Its start as the folder has it. Sent again, its token brings AWS's JobId."""
        if (row := self.last) is None:
            return None
        began, question = row.started_at, self.question
        assert began is not None
        at = round(began.timestamp() * 1000)
        return Start("?", f"{began:%Y-%m}", row.ms or 0, question.epoch, question.token, at)

    @property
    def begun_start(self) -> Start:
        """Its start, once there is one."""
        assert self.start is not None
        return self.start

    @property
    def is_at_aws(self) -> bool:
        """Whether the object was looked at, or AWS has it in any case: what has become of it since is no matter."""
        return self.start is not None or (self.last is not None and self.last.video_job is not None)

    @property
    def begun(self) -> bool:
        return self.start is not None or bool(self.rows)
