"""Stored video in a plan: how long its jobs take, and what of the films is priced and what is left out.

Rule: numbers of films come in, as jobs/counts.py has them; nothing here knows how they were measured.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jobs.counts import Counts
from jobs.money.months import quantity
from jobs.money.prices import number

# AWS publishes no speed. Clips of ten seconds took 20 to 46 s where somebody wrote it down; of long films nobody did,
# so the second number is ours. The first jobs of an account show what is true.
FIXED_S = 30.0  # seconds a job takes, however short its film
PER_SECOND = 0.5  # seconds more for each second of film

TRANSCODE_S = 34  # CPU-seconds for a minute of 1080p by x264 veryfast, measured on one thread of a machine of 2026


@dataclass(slots=True)
class FilmCalls:
    """Calls of one API on films that need not be paid for, and the length of those films."""

    calls: int = 0
    ms: int = 0
    minutes_up: int = 0  # with each film rounded up to whole minutes

    def add(self, ms: int) -> None:
        self.calls += 1
        self.ms += ms
        self.minutes_up += -(-ms // 60_000)


@dataclass(frozen=True, slots=True)
class VideoJobs:
    """One Start on one film is one job; an account has so many open at once, over all its video APIs."""

    jobs: int
    at_once: int
    seconds: float  # that all of them take

    def to_json(self) -> dict[str, Any]:
        assumed = {"seconds_each": FIXED_S, "seconds_per_second": PER_SECOND}
        return {"jobs": self.jobs, "at_once": self.at_once, "duration_s": self.seconds, "assumed": assumed}


def video_jobs(counts: Counts, apis: int, at_once: int, known: Iterable[FilmCalls] = ()) -> VideoJobs | None:
    """The jobs of so many APIs on these films, but for the known; None where there are none or their length is not
    known."""
    have = list(known)
    jobs = counts.videos * apis - sum(one.calls for one in have)
    if jobs <= 0 or counts.videos_measured < counts.videos:
        return None
    ms = counts.video_ms * apis - sum(one.ms for one in have)
    return VideoJobs(jobs, at_once, seconds_of_jobs(jobs, ms, at_once))


def seconds_of_jobs(jobs: int, ms: int, at_once: int) -> float:
    """How long so many jobs take on films of that length together."""
    return (jobs * FIXED_S + ms / 1000 * PER_SECOND) / min(jobs, at_once)


def minutes(ms: int) -> Decimal:
    """To nine decimals: each millisecond counts."""
    return quantity(Decimal(ms), 60_000)


def videos_json(counts: Counts, jobs: VideoJobs | None) -> dict[str, Any]:
    """The `videos` part of `estimate --json`."""
    left_out = {
        reason: {"videos": counts.skipped[reason], "minutes": number(minutes(ms))}
        for reason, ms in sorted(counts.left_out_ms.items())
    }
    return {
        "videos": counts.videos,
        "minutes": number(minutes(counts.video_ms)),
        "minutes_each_rounded_up": counts.video_minutes_up,
        "length_unknown": counts.videos_at_cap,
        "length_assumed": counts.videos_assumed,
        "left_out": left_out,
        "gets": counts.video_gets,
        "staged": {"videos": counts.staged, "bytes": counts.staged_bytes},
        "transcoded": {
            "videos": counts.transcoded,
            "minutes": number(minutes(counts.transcoded_ms)),
            "cpu_s": round(counts.transcoded_ms / 60_000 * TRANSCODE_S, 1),
        },
        "speed": jobs.to_json() if jobs else None,
    }
