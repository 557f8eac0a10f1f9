"""Stored video in a plan: how long its jobs take, and what of the films is priced and what is left out.

Rule: numbers of films come in, as jobs/counts.py has them; nothing here knows how they were measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jobs.counts import Counts, FilmCalls
from jobs.film_speed import ASSUMED, Speed
from jobs.money.months import quantity
from jobs.money.prices import number

TRANSCODE_S = 34  # CPU-seconds for a minute of 1080p by x264 veryfast, measured on one thread of a machine of 2026


@dataclass(frozen=True, slots=True)
class VideoJobs:
    """One Start on one film is one job; an account has so many open at once, over all its video APIs."""

    jobs: int
    at_once: int
    seconds: float  # that all of them take
    speeds: Mapping[str, Speed] = field(
        default_factory=dict
    )  # by API, as jobs have shown them; of others it is assumed
    guessed: bool = True  # for one of the APIs, or all

    def to_json(self) -> dict[str, Any]:
        told = {"jobs": self.jobs, "at_once": self.at_once, "duration_s": self.seconds}
        shown = {name: {"jobs": one.jobs, **_speed_json(one)} for name, one in sorted(self.speeds.items())}
        return told | ({"assumed": _speed_json(ASSUMED)} if self.guessed else {}) | ({"shown": shown} if shown else {})


def _speed_json(speed: Speed) -> dict[str, float]:
    return {"seconds_each": round(speed.each, 1), "seconds_per_second": round(speed.share, 4)}


def video_jobs(
    counts: Counts, apis: Sequence[str], at_once: int, known: Mapping[str, FilmCalls], speeds: Mapping[str, Speed]
) -> VideoJobs | None:
    """The jobs of these APIs on these films, but for the known; None where there are none or their length is not
    known."""
    have = {api: known.get(api, FilmCalls()) for api in apis}
    jobs = {api: counts.videos - one.calls for api, one in have.items()}
    if not sum(jobs.values()) or counts.videos_measured < counts.videos:
        return None
    by_api = [speeds.get(api, ASSUMED).seconds(jobs[api], counts.video_ms - one.ms) for api, one in have.items()]
    seconds = sum(by_api) / min(sum(jobs.values()), at_once)
    shown = {api: speeds[api] for api in apis if api in speeds}
    return VideoJobs(sum(jobs.values()), at_once, seconds, shown, len(shown) < len(have))


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
