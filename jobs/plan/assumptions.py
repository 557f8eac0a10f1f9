"""What a plan takes for granted, in sentences a manager can read. A plan without its assumptions is a guess.

Rule: every sentence holds for the plan at hand; those that do not concern it are left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from jobs.apis import Choice, VideoChoice
from jobs.counts import Counts
from jobs.film_speed import ASSUMED
from jobs.money import staging
from jobs.money.quotas import QuotaTable
from jobs.plan.values import Plan
from jobs.plan.videos import TRANSCODE_S, minutes
from jobs.words import count, duration, many, size

# Source of the rules: AWS's pricing page and FAQ as collected in docs/pricing.md.
_EACH = "Each API on each image counts as one image."
_FAILED = (
    "A failed call is taken as not billed. A call whose answer never arrives may be: it is counted apart afterwards."
)
_SENT = "Every image counts as sent once. What turns out broken or too small is skipped and costs nothing."
_NO_FREE = (
    "No free tier: AWS's 12 free months covered only accounts opened before 2025-07-15, so they ended by 2026-07-15."
)
_FREE = "Free tier {name}: its units cost nothing and are taken not to move the paid tiers on."
_MINUTES = (
    "Video: exact length in minutes; the upper bound rounds each video up, as AWS does not say how part minutes count."
)
_SPEED = (
    "AWS publishes no speed of video analysis. Until the first jobs of a home show it, an API is taken to need"
    f" {ASSUMED.each:g} s and {ASSUMED.share:g} times the video's length; {{jobs}} jobs of an account run at a time,"
    " over all APIs."
)
_SHOWN = "{api} is taken to need {each:.0f} s and {share:.2g} times the video's length, as {jobs} have shown."
_AT_CAP = "Nothing says the length of {videos}: priced at the 6 hours that AWS takes at most."
_ASSUMED = "Nobody looked at {videos}: priced at {minutes} minutes on the average (--video-average)."
_STAGING = (
    "On this machine: {videos}. Rekognition reads them from S3 only: what it costs to upload and to keep them"
    " there is left out (--stage prices it)."
)
_STAGED = (
    "On this machine: {videos}, uploaded into S3 for Rekognition and deleted once they are answered. That is on S3's"
    " bill: requests, and {size} for {days}, as long as the scan is taken to last."
)
_TRANSCODED = (
    "Made into H.264 by ffmpeg on the workers: {videos}, {minutes} minutes, priced by the length they have. That takes"
    " some {cpu} of one core, at {each} CPU-seconds a minute of 1080p (x264 veryfast); 720p takes half of it, 4K four"
    " times as much."
)
_FRAMES = (
    "Each frame is an image of its own, taken on the workers out of {videos} of {minutes} minutes: about 2 to 5 seconds"
    " of a core for a minute of film."
)
_READ = (
    "Films in S3 are read by the workers for their frames: {size} at most, for which S3 bills no transfer within its"
    " Region."
)
_STREAM = "{images} new images come in each month, in full in the first one too; none of them is known or a copy."
_GROWS = (
    "Each image leaves {each} in the collection (--faces-per-image), kept from then on: those of a month half of it on"
    " the average."
)
_STORED = "Stored vectors are billed by the month and prorated by days kept{flat}."
_NOT = "Not included: S3 requests and data transfer, SNS, SQS, KMS, taxes, discounts."
_PLACES = (
    "Calls go to {regions}, to each in proportion to its quota; each Region and account has tiers of its own, and what"
    " was billed earlier in the month is known of {region} alone."
)
_ONLY_HERE = "Asked in {region} alone: {apis}."
_OBJECTS = (
    "The bucket is taken to be in {region}: there an object goes as it is, elsewhere the workers read it and send its"
    " bytes. These leave the bucket's Region, for the price of transfer into another Region where the workers are in"
    " AWS, and of transfer to the Internet where they are not."
)
_COMPARING = (
    "Comparing the pictures (--near) took {time} just now, on this machine and its network: the duration has as much,"
    " once, as a scan compares them before its first call."
)
_DURATION = "Duration: APIs run side by side, each at its quota from the first second; the slowest sets it."


def assumptions(plan: Plan, quotas: QuotaTable, choices: Sequence[Choice | VideoChoice] = ()) -> tuple[str, ...]:
    """The sentences of this plan, those of its APIs among them."""
    return tuple(dict.fromkeys(_sentences(plan, quotas, choices)))


def _sentences(plan: Plan, quotas: QuotaTable, choices: Sequence[Choice | VideoChoice]) -> Iterator[str]:
    units = {line.unit for line in plan.lines}
    if "image" in units:
        yield _EACH
        yield _SENT
    for choice in choices:
        yield from choice.api.assumptions
    if plan.places:
        yield from _places(plan, choices)
    if plan.counts.frames and "image" in units:
        yield from _frames(plan.counts)
    yield from at_the_head(plan)
    if plan.asks_of_videos:
        yield from _videos(plan, quotas)
    if plan.stream:
        yield _STREAM.format(images=f"{plan.stream.images:,}")
        if any(line.api.endswith(" storage") for line in plan.lines):
            yield _GROWS.format(each=f"{count(plan.stream.faces_each)} face{'s' * (plan.stream.faces_each != 1)}")
    yield _FAILED
    yield from _months(plan)
    yield _FREE.format(name=plan.free_tier.name) if plan.free_tier else _NO_FREE
    if units & {"face-month", "user-month"}:
        yield _STORED.format(flat="" if plan.start else ", in months of 30 days")
    yield from _rates(plan, quotas)
    if plan.counts.near_s:
        yield _COMPARING.format(time=duration(plan.counts.near_s))
    yield from _prices(plan)
    yield _NOT


def at_the_head(plan: Plan) -> Iterator[str]:
    """Those that stand at the head of a printed plan, too: what is not asked where, and what of its source the price is
    not of, or may not be of."""
    yield from plan.left_out
    counts = plan.counts
    if counts.videos and plan.lines and not plan.asks_of_videos and not counts.framed:
        yield f"{many(counts.videos, 'video')} not asked about: --api names no API for video."
    if counts.images and plan.lines and not plan.asks_of_images:
        yield f"{many(counts.images, 'image')} not asked about: --api names no API for images."
    if plan.unread:
        are = "image is compared when it is" if plan.unread == 1 else "images are compared when they are"
        yield f"{plan.unread:,} {are} read: copies, and what an earlier job answered, cost nothing then."


def _places(plan: Plan, choices: Sequence[Choice | VideoChoice]) -> Iterator[str]:
    yield _PLACES.format(regions=", ".join(plan.regions), region=plan.region)
    bound = [one.api.name for one in choices if isinstance(one, VideoChoice) or one.bound]
    if bound:
        yield _ONLY_HERE.format(region=plan.region, apis=", ".join(bound))
    if plan.counts.s3_images:
        yield _OBJECTS.format(region=plan.region)


def _frames(counts: Counts) -> Iterator[str]:
    yield _FRAMES.format(videos=many(counts.framed, "video"), minutes=count(minutes(counts.framed_ms)))
    if counts.frame_bytes:
        yield _READ.format(size=size(counts.frame_bytes))


def _videos(plan: Plan, quotas: QuotaTable) -> Iterator[str]:
    counts = plan.counts
    yield _MINUTES
    if counts.videos_at_cap:
        yield _AT_CAP.format(videos=many(counts.videos_at_cap, "video"))
    if counts.videos_assumed:
        average = Decimal(counts.video_ms) / (60_000 * counts.videos_assumed)
        yield _ASSUMED.format(videos=many(counts.videos_assumed, "video"), minutes=count(average))
    if counts.videos_here:
        yield _STAGING.format(videos=many(counts.videos_here, "video"))
    if counts.staged:
        days = many(staging.whole_days(plan.duration_s or 0) // 86_400, "day")
        yield _STAGED.format(videos=many(counts.staged, "video"), size=size(counts.staged_bytes), days=days)
    if counts.transcoded:
        cpu = duration(counts.transcoded_ms / 60_000 * TRANSCODE_S)
        told = {"videos": many(counts.transcoded, "video"), "minutes": count(minutes(counts.transcoded_ms))}
        yield _TRANSCODED.format(**told, cpu=cpu, each=TRANSCODE_S)
    yield _SPEED.format(jobs=quotas.concurrent_videos)
    for api, one in plan.video_jobs.speeds.items() if plan.video_jobs else ():
        yield _SHOWN.format(api=api, each=one.each, share=one.share, jobs=many(one.jobs, "job"))


def _months(plan: Plan) -> Iterator[str]:
    yield "Tiers are graduated and pooled per meter, Region and calendar month over all APIs of the meter."
    if plan.month_to_date:
        used = ", ".join(f"{meter} {units:,}" for meter, units in plan.month_to_date.items())
        yield f"Already billed this month: {used}."
    else:
        yield "Nothing was billed on these meters earlier in the month (--month-to-date says otherwise)."
    if plan.start:
        yield f"Starts on {plan.start} at midnight UTC and is billed in the months it falls in."
    else:
        yield "All in one calendar month (--start lays it over the months it spans)."


def _rates(plan: Plan, quotas: QuotaTable) -> Iterator[str]:
    timed = [rate for rate in plan.rates if rate.tps]
    if timed:
        yield _DURATION
        yield "Rates: " + ", ".join(f"{rate.operation} {rate.tps:g}/s ({rate.source})" for rate in timed) + "."
    if any(rate.source != "--tps" for rate in timed):
        yield f"Quotas: {quotas.source}, {quotas.as_of}."
    for rate in plan.rates:
        if rate.tps is None:
            yield f"No quota of {rate.operation} is known in {plan.region}, nor the duration (--tps sets one)."
    if not quotas.known(plan.region):
        yield f"{plan.region} is not in the list of Regions with Rekognition ({quotas.as_of})."


def _prices(plan: Plan) -> Iterator[str]:
    yield f"Prices: {plan.prices.source}, {plan.prices.as_of}."
    levels = Counter((tier.confidence, tier.as_of) for line in plan.lines for tier in line.tiers)
    for (level, as_of), number in levels.items():
        if meaning := plan.prices.confidence.get(level):
            yield f"{number} of {levels.total()} price rows used are {level} of {as_of}: {meaning}."
