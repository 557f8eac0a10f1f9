"""What to ask AWS for so that a plan is done in so many hours: a quota increase for each operation and Region. Pure.

Rule: AWS raises one operation in one Region at a time, by its quota code. Codes are in no document of AWS, so they are
those that Service Quotas listed for the account, or none. A scan keeps to its rate, so the peak is the average.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from jobs.errors import UsageError
from jobs.money.quota_names import Named
from jobs.plan.values import Plan
from jobs.pools import OWN
from jobs.words import count, duration, many, table

SERVICE = "rekognition"
HEADER = ("Region", "Operation", "Calls a second now", "Wanted", "Quota code")
RIGHT = ("Calls a second now", "Wanted")
_PACE = (
    "Traffic is smooth: all workers share one schedule for each operation and Region, which begins at 30 % of the rate"
    " and doubles every 1.5 s. A throttled call lowers the rate for all of them at once; other errors are tried again"
    " after an exponential backoff with jitter."
)


@dataclass(frozen=True, slots=True)
class Increase:
    """One operation in one Region: `now` calls a second (None: not known), `wanted` of them."""

    region: str
    profile: str | None  # of another account than the one in use
    operation: str
    calls: int
    now: float | None
    wanted: int
    code: str = ""  # as Service Quotas has it; "": not read
    name: str = ""  # of the quota, as Service Quotas has it

    @property
    def enough(self) -> bool:
        return self.now is not None and self.now >= self.wanted

    @property
    def command(self) -> str:
        """What asks for it."""
        which = f"--service-code {SERVICE} --quota-code {self.code or 'CODE'}"
        ask = f"aws service-quotas request-service-quota-increase {which}"
        account = f" --profile {self.profile}" if self.profile else ""
        return f"{ask} --desired-value {self.wanted} --region {self.region}{account}"

    @property
    def where(self) -> str:
        return f"{self.region}/{self.profile}" if self.profile else self.region

    def to_json(self) -> dict[str, Any]:
        return {
            "region": self.region,
            "profile": self.profile,
            "operation": self.operation,
            "quota_code": self.code or None,
            "quota_name": self.name or None,
            "tps_now": self.now,
            "desired_value": self.wanted,
            "peak_tps": self.wanted,
            "calls": self.calls,
        }


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    """All that a plan needs to be done in `hours`."""

    plan: Plan
    hours: Decimal
    increases: tuple[Increase, ...]  # what is to be asked for
    enough: tuple[Increase, ...]  # where the quota is high enough

    @property
    def images_a_day(self) -> int:
        images = self.plan.counts.images
        return images if self.hours <= 24 else int((images * 24 / self.hours).to_integral_value(ROUND_CEILING))

    def to_json(self) -> dict[str, Any]:
        """The document of `quotas --request --json`."""
        return {
            "service_code": SERVICE,
            "within_hours": float(self.hours),
            "images": self.plan.counts.images,
            "images_a_day": self.images_a_day,
            "regions": list(self.plan.regions),
            "duration_s_now": self.plan.duration_s,
            "requests": [one.to_json() for one in self.increases],
            "enough": [one.to_json() for one in self.enough],
            "text": self.text,
        }

    @property
    def text(self) -> str:
        """What to write into the request, and how to send it."""
        if not self.increases:
            takes = duration(self.plan.duration_s)
            return f"No increase is needed: at the quotas in use it takes {takes}, of {count(self.hours)} hours."
        return "\n".join([*self._table(), "", *self._use_case(), "", *self._commands()])

    def _table(self) -> list[str]:
        rows = [
            (
                one.where,
                one.operation,
                "unknown" if one.now is None else f"{one.now:g}",
                str(one.wanted),
                one.code or "?",
            )
            for one in self.increases
        ]
        return ["Quota increase for Amazon Rekognition", "", *table(HEADER, rows, RIGHT).splitlines()]

    def _use_case(self) -> list[str]:
        images = self.plan.counts.images
        peaks = ", ".join(f"{one.operation} {one.wanted}/s in {one.where}" for one in self.increases)
        return [
            "Use case",
            f"  An archive of {many(images, 'image')} is analysed once, each image by one call to each of"
            f" {', '.join(dict.fromkeys(one.operation for one in (*self.increases, *self.enough)))}.",
            f"  Images a day: {self.images_a_day:,}, in {count(self.hours)} hours.",
            f"  Regions: {', '.join(self.plan.regions)}.",
            f"  Peak transactions per second: {peaks}. The rate is even, so the peak is the average.",
            f"  {_PACE}",
        ]

    def _commands(self) -> list[str]:
        found = ["One request for each line: an increase is for one operation in one Region."]
        if not all(one.code for one in self.increases):
            found.append(
                "  The codes: `rekscan quotas --request --refresh ...` reads them, or"
                f" `aws service-quotas list-service-quotas --service-code {SERVICE}`."
            )
        return [*found, *(f"  {one.command}" for one in self.increases)]


def quota_request(plan: Plan, hours: Decimal, named: Mapping[str, Mapping[str, Named]]) -> QuotaRequest:
    """`named`: by Region and operation, the quotas as Service Quotas has them. Raises UsageError for a plan without
    calls on pictures."""
    if not (hours.is_finite() and hours > 0):
        raise UsageError(f"--within {hours}: hours are over 0", "Write --within 24.")
    found = list(_increases(plan, hours, named))
    if not found:
        raise UsageError(
            "there are no calls on images to be faster with", "Give a SOURCE or --images, and --api labels."
        )
    return QuotaRequest(
        plan, hours, tuple(one for one in found if not one.enough), tuple(one for one in found if one.enough)
    )


def _increases(plan: Plan, hours: Decimal, named: Mapping[str, Mapping[str, Named]]) -> Iterable[Increase]:
    for rate in plan.rates:
        if rate.operation.startswith("Start") or not rate.calls:
            continue
        at = rate.at or {OWN: rate.tps}
        known = sum(tps for tps in at.values() if tps)
        for place, tps in at.items():
            share = Decimal(str(tps or 0)) / Decimal(str(known)) if known else Decimal(1) / len(at)
            calls = (rate.calls * share).to_integral_value(ROUND_CEILING)
            wanted = (calls / (hours * 3600)).to_integral_value(ROUND_CEILING)
            region, profile = plan.region_of(place), plan.profile_of(place)
            one = named.get(region, {}).get(rate.operation, Named())
            yield Increase(region, profile, rate.operation, int(calls), tps, int(wanted), one.code, one.name)
