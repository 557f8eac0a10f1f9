"""Flags in groups, and the one way lists of name=number are read: what to price, a pilot, how the account is billed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from cyclopts import Parameter, Token

from jobs.apis import Asked, Choice, catalogue, video_catalogue
from jobs.aws.region_names import is_name
from jobs.errors import UsageError
from jobs.money.prices import PriceTable
from jobs.money.quotas import QuotaTable
from jobs.plan import demand
from jobs.plan.build import Counts, Demand
from jobs.plan.frame_rule import FrameRule, frame_rule
from jobs.plan.near_rule import Near, near_rule
from jobs.plan.stream import MonthlyStream
from jobs.sample import asked as sample


def _decimal(_: object, tokens: Sequence[Token]) -> Decimal:
    """As Cyclopts reads a Decimal that may be left out; of one that may not it lets Decimal's own error through."""
    try:
        return Decimal(tokens[0].value)
    except InvalidOperation:
        raise ValueError from None


MOST = 10**18  # of anything that is typed: no archive and no account has more
AVERAGE_MINUTES = Decimal(5)  # of a video nobody looked at: a guess of ours, which the estimate names
Flag = Annotated[bool, Parameter(negative=())]
Exact = Annotated[Decimal, Parameter(converter=_decimal)]
Many = Annotated[list[str] | None, Parameter(negative=())]
EXCLUDE = (
    "Leave out what this glob matches: a name at any depth ('*.gif', trash) or a path ('2019/raw/**'). Repeatable."
)
STAGE = "s3://bucket/prefix in the Region: films of this machine are uploaded there, and deleted once answered."
TRANSCODE = "Make H.264 MP4 of films of this machine that are something else, by the ffmpeg on PATH."
PAYER = "The source is a requester-pays bucket: S3 bills you for listing and reading it."
BESIDE = "Go on although a running job of this home may have some of the pictures: each may be paid for twice."
PRIVATE = "URLs of a list may lead to this machine, private networks and link-local addresses."
WHEN = "Ask an API only where others found something: 'faces: labels has Person >= 60'. Repeatable; docs/conditions.md."
FIRST = (
    "local: the bundled models look at each picture first, on the workers and for nothing, and conditions may read what"
    " they see: 'moderation: local.nudity has any >= 5'. docs/conditions.md."
)
FRAMES = (
    "Ask the image APIs about frames of films, too: 1/s, every=10s, shots (one a shot), keyframes; with `,dynamic`"
    " behind, not about those that look like the one before."
)
NEAR = (
    "Of pictures that look alike ask about one, and give the others its answer: 4 of 64 bits of a hash may differ, say"
    " (0 to 8). `4,any-size`: pictures of other sizes, too. docs/near.md."
)
REGIONS = (
    "Ask in these Regions together, each at its own quota: us-east-1,us-west-2,eu-west-1. The first is the job's own:"
    " what can be asked in one Region alone is asked there; another is left out for what it lacks. docs/regions.md."
)
SAMPLE = "Only so many images, drawn at random: a share (2%) or a number (5000). The report says what holds for all."
SEED = f"Another draw of --sample [{sample.SEED}]. The same seed draws the same images."
INCLUDE = "Take only what this glob matches; --exclude still leaves out of that. Repeatable."


@Parameter(name="*")
@dataclass(frozen=True)
class Amounts:
    """What to price where there is no source.

    Parameters
    ----------
    images
        So many images, instead of a source.
    video_minutes
        So many minutes of stored video.
    videos
        In how many videos those minutes are: bounds what rounding up part minutes can cost. Without minutes, each is as
        long as --video-average says.
    video_average
        Minutes of a video on the average, where nobody looks at them: with --no-probe, or --video-count alone [5].
    faces_stored
        Face vectors kept in a collection, priced for --days.
    users_stored
        User vectors kept in a collection, priced for --days.
    days
        How long vectors are kept.
    units
        Units of any other meter, as custom-labels-inference=10. Repeatable.
    """

    images: int | None = None
    video_minutes: Decimal | None = None
    videos: Annotated[int | None, Parameter(name=["--video-count", "--videos"])] = None
    video_average: Decimal | None = None
    faces_stored: int | None = None
    users_stored: int | None = None
    days: Exact = Decimal(30)
    units: Many = None

    @property
    def given(self) -> bool:
        """Whether there is anything to price here."""
        return self.instead or self.beside

    @property
    def beside(self) -> bool:
        """Whether there is anything but images and videos."""
        return any(v is not None for v in (self.faces_stored, self.users_stored, self.units))

    @property
    def instead(self) -> bool:
        """Whether it stands in place of a source."""
        return any(amount is not None for amount in (self.images, self.video_minutes, self.videos))

    @property
    def average_ms(self) -> int:
        """Length of a video nobody looked at."""
        return round((AVERAGE_MINUTES if self.video_average is None else self.video_average) * 60_000)

    def counts(self) -> Counts:
        numbers = (self.images or 0, self.videos or 0, self.faces_stored or 0, self.users_stored or 0)
        amounts = [
            *map(Decimal, numbers),
            self.days,
            self.video_minutes or Decimal(0),
            self.video_average or Decimal(0),
        ]
        if not all(amount.is_finite() and 0 <= amount <= MOST for amount in amounts):
            raise UsageError(f"an amount is under 0, beyond {MOST:,}, or no number", "Give amounts of 0 or more.")
        counts = Counts(images=self.images or 0)
        if self.video_minutes is not None:
            if self.videos == 0:
                raise UsageError("--video-count 0 with --video-minutes", "Leave it out, or give how many there are.")
            counts.videos = counts.videos_measured = videos = self.videos or 1
            counts.video_ms = round(self.video_minutes * 60_000)
            counts.video_minutes_up = -(-counts.video_ms // 60_000) + videos - 1
        elif self.videos is not None:
            counts.assume_videos(self.videos, self.average_ms)
            counts.videos = self.videos
        return counts

    def demands(self, prices: PriceTable, days: Decimal | None = None) -> list[Demand]:
        """What is asked of meters besides. `days`: vectors are kept so long, instead of their own."""
        found = []
        kept = self.days if days is None else days
        if self.faces_stored is not None:
            found.append(demand.stored("face-vectors", self.faces_stored, kept, prices))
        if self.users_stored is not None:
            found.append(demand.stored("user-vectors", self.users_stored, kept, prices))
        for meter, units in numbers("--units", self.units or ()).items():
            found.append(demand.of_meter(meter, units, prices))
        return found


@Parameter(name="*")
@dataclass(frozen=True)
class Monthly:
    """A stream of new images, beside the source or alone: priced by calendar month.

    Parameters
    ----------
    monthly
        So many new images in each calendar month, from that of --start on [the next month].
    months
        How many months the stream lasts.
    faces_per_image
        Faces that an image leaves in a collection, for APIs that store them.
    """

    monthly: int | None = None
    months: int = 12
    faces_per_image: Exact = Decimal(1)

    def stream(self) -> MonthlyStream | None:
        """Raises UsageError for numbers that cannot be."""
        if self.monthly is None:
            return None
        if not all(
            number.is_finite() and 0 <= number <= MOST for number in (Decimal(self.monthly), self.faces_per_image)
        ):
            raise UsageError("--monthly, or --faces-per-image, is under 0 or beyond any archive", "Give 0 or more.")
        return MonthlyStream(self.monthly, self.months, self.faces_per_image)


@Parameter(name="*")
@dataclass(frozen=True)
class Pilot:
    """A paid pilot.

    Parameters
    ----------
    pilot
        Send so many random images of the source for real (asks first: it is paid for) and extrapolate from them. APIs
        under a condition (--when) are asked of all of them, which tells what the condition saves and what it misses.
        With --near half as many pairs that look alike are asked, too, which tells how often their answers differ.
    sample
        Another name of --pilot, a number too: a share is priced by `scan --sample 2% --dry-run`.
    yes
        Do not ask before the pilot is paid for.
    max_cost
        Dollars that the pilot may cost: one whose price is over it is refused, and calls asked again do not pass it.
    local
        As of `scan`: so long the bundled emulator takes; a pilot is free, with open models.
    allow_private_urls
        URLs of a list may lead to this machine, private networks and link-local addresses.
    """

    pilot: int | None = None
    sample: str | None = None
    yes: Flag = False
    max_cost: Decimal | None = None
    local: Flag = False
    allow_private_urls: Flag = False

    @property
    def cap(self) -> Decimal | None:
        return cap(self.max_cost)

    @property
    def number(self) -> int | None:
        """How many images are drawn; None: there is no pilot. Raises UsageError for a --sample that is no number."""
        if self.sample is None:
            return self.pilot
        try:
            return int(self.sample)
        except ValueError:
            raise UsageError(
                f"--sample {self.sample}: of an estimate it is a paid pilot of so many images",
                "Write --pilot 200 for one; `rekscan scan SOURCE --sample 2% --dry-run` prices a sample.",
            ) from None

    @property
    def flag(self) -> str:
        """As it was typed."""
        return "--pilot" if self.sample is None else "--sample"

    def is_asked(self, sources: Sequence[str], compare: Sequence[str] | None) -> bool:
        """Raises UsageError where it cannot be."""
        if self.number is None:
            return False
        if self.pilot is not None and self.sample is not None:
            raise UsageError("--sample is another name of --pilot", "Leave one of the two out.")
        if not sources or compare:
            raise UsageError(
                f"{self.flag} draws from one SOURCE with one --api", "Give a source, and leave --compare out."
            )
        if self.number < 1:
            raise UsageError(f"{self.flag} {self.number}: a pilot has 1 image or more")
        return True


@Parameter(name="*")
@dataclass(frozen=True)
class Billing:
    """How the account is billed and how fast it may call.

    Parameters
    ----------
    month_to_date
        Units billed this month before, as image-group-2=900000 (repeatable), or `cloudwatch` to read AWS's counts.
    start
        First day (2026-12-01): lays the job over calendar months at the account's quotas.
    free_tier
        Monthly free units of an account that still has them: 2026 or 2019. Most have none.
    tps
        Calls a second in place of the quota, as labels=20 or DetectLabels=20. Repeatable.
    """

    month_to_date: Many = None
    start: date | None = None
    free_tier: Literal["2026", "2019"] | None = None
    tps: Many = None


def chosen_near(text: str | None, *choices: Choice) -> Near | None:
    """--near. Raises UsageError where it is none, or no API may take another's answers."""
    if text is None:
        return None
    if not choices:
        raise UsageError("--near compares pictures, and no API for pictures is asked for", "Leave --near out.")
    if not any(choice.inherits for choice in choices):
        raise UsageError(
            "--near spares no call of these APIs: who is in a picture is asked of each", "Leave --near out."
        )
    return near_rule(text)


def chosen_frames(text: str | None, *asked: Asked) -> FrameRule | None:
    """--frames, for these sets of APIs. Raises UsageError where it is none, or nobody is to see them."""
    if text is None:
        return None
    if not any(one.images for one in asked):
        raise UsageError(
            "--frames makes pictures of films, and no API for pictures is asked for",
            "Name one (--api labels), or leave --frames out: APIs for video take the films.",
        )
    return frame_rule(text)


def chosen_regions(text: str | None) -> tuple[str, ...]:
    """--regions, in the order given. Raises UsageError where they are none."""
    if text is None:
        return ()
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise UsageError(f"--regions {text}: a name is missing", "Write --regions us-east-1,us-west-2.")
    if odd := next((name for name in found if not is_name(name)), None):
        raise UsageError(
            f"--regions {text}: {odd!r} is not the name of a Region", "Write --regions us-east-1,us-west-2."
        )
    if twice := next((name for name in found if found.count(name) > 1), None):
        raise UsageError(f"--regions {text}: {twice} is there twice, and has one quota", "Name each Region once.")
    return found


def cap(dollars: Decimal | None, flag: str = "--max-cost") -> Decimal | None:
    """A flag's dollars, or none. Raises UsageError for what cannot be a cap."""
    if dollars is not None and not (dollars.is_finite() and 0 <= dollars <= MOST):
        raise UsageError(
            f"{flag} {dollars}: a cap is 0 dollars or more, {MOST:,} at most", f"Write {flag} 25 for 25 dollars."
        )
    return dollars


def numbers(flag: str, values: Iterable[str]) -> dict[str, Decimal]:
    """`["labels=20,faces=5", "text=1"]` -> numbers of 0 or more by name. Raises UsageError for anything else."""
    found = {}
    for part in (part.strip() for value in values for part in value.split(",")):
        name, _, number = part.partition("=")
        try:
            found[name.strip()] = Decimal(number)
        except InvalidOperation:
            raise UsageError(f"{flag} {part}: not name=number", f"Write {flag} name=number.") from None
        if not name.strip() or not found[name.strip()].is_finite() or found[name.strip()] < 0:
            raise UsageError(f"{flag} {part}: not name=number", f"Write {flag} name=number, the number 0 or more.")
        if found[name.strip()] > MOST:
            raise UsageError(f"{flag} {part}: beyond any account", f"Give {MOST:,} at most.")
    return found


def rates(values: Iterable[str]) -> dict[str, float]:
    """--tps: calls a second, by the name of an API or of AWS's operation."""
    found = numbers("--tps", values)
    apis = catalogue()
    known = {*apis, *video_catalogue(), *(api.operation for api in apis.values()), *QuotaTable.bundled().rates}
    for name, rate in found.items():
        if name not in known:
            raise UsageError(f"--tps {name}={rate}: there is no API {name!r}", f"APIs: {', '.join(apis)}.")
        if not rate:
            raise UsageError(f"--tps {name}={rate}: a rate is above 0", "`rekscan pause` stops a job.")
    return {name: float(rate) for name, rate in found.items()}
