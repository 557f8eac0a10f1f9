"""What to ask AWS for so that a plan is done in so many hours: a quota increase for each operation and Region. Pure.

Rule: AWS raises one operation in one Region of one account at a time, by its quota code, and is asked by that account:
with several accounts each has a text of its own. Codes are in no document of AWS, so they are those that Service Quotas
listed for the account, or none. A scan keeps to its rate, so the peak is the average.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from jobs.errors import UsageError
from jobs.money.quota_names import Named
from jobs.plan.values import Plan, Rate
from jobs.pools import OWN
from jobs.words import count, duration, many, table

SERVICE = "rekognition"
HEADER = ("Region", "Operation", "Calls a second now", "Wanted", "Quota code")
RIGHT = ("Calls a second now", "Wanted")
_SHORTEST = Decimal("0.01")  # hours: half a minute, in which no scan has begun
_PACE = (
    "Traffic is smooth: all workers share one schedule for each operation and Region, which begins at 30 % of the rate"
    " and doubles every 1.5 s. A throttled call lowers the rate for all of them at once; other errors are tried again"
    " after an exponential backoff with jitter."
)


@dataclass(frozen=True, slots=True)
class Increase:
    """One operation in one Region: `now` calls a second (None: not known), `wanted` of them."""

    region: str
    profile: str | None  # of the account; None: the credentials in use
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
    by_units: tuple[str, ...] = ()  # APIs that are as fast as the units of their model, whatever the quota

    @property
    def images_a_day(self) -> int:
        return self._a_day(self.plan.counts.images)

    def _a_day(self, images: int) -> int:
        return images if self.hours <= 24 else int((images * 24 / self.hours).to_integral_value(ROUND_CEILING))

    def to_json(self) -> dict[str, Any]:
        """The document of `quotas --request --json`."""
        return {
            "service_code": SERVICE,
            "within_hours": float(self.hours),
            "images": self.plan.counts.images,
            "images_a_day": self.images_a_day,
            "regions": list(dict.fromkeys(map(self.plan.region_of, (OWN, *(one.name for one in self.plan.places))))),
            "duration_s_now": self.plan.duration_s,
            "requests": [one.to_json() for one in self.increases],
            "enough": [one.to_json() for one in self.enough],
            "left_out": list(self.plan.left_out),
            "text": self.text,
        }

    @property
    def text(self) -> str:
        """What to write into the request of each account, and how to send it."""
        parts = [self._of(profile) for profile in dict.fromkeys(one.profile for one in self.increases)]
        if not parts:
            takes = duration(max(one.calls / one.now for one in self.enough if one.now))
            parts = [f"No increase is needed: at the quotas in use it takes {takes}, of {count(self.hours)} hours."]
        if self.by_units:
            parts.append(
                f"{', '.join(self.by_units)}: as fast as its model, so with more units (`units=2`), not a quota."
            )
        return "\n\n".join([*self.plan.left_out, *parts])

    def _of(self, profile: str | None) -> str:
        asked = [one for one in self.increases if one.profile == profile]
        return "\n".join([*self._table(asked), "", *self._use_case(asked), "", *self._commands(asked)])

    @property
    def _several(self) -> bool:
        """Whether more than one account asks."""
        return len({one.profile for one in (*self.increases, *self.enough)}) > 1

    def _table(self, asked: Sequence[Increase]) -> list[str]:
        rows = [
            (
                one.region,
                one.operation,
                "unknown" if one.now is None else f"{one.now:g}",
                str(one.wanted),
                one.code or "?",
            )
            for one in asked
        ]
        whose = f", in the account of the profile {asked[0].profile}" if self._several else ""
        return [f"Quota increase for Amazon Rekognition{whose}", "", *table(HEADER, rows, RIGHT).splitlines()]

    def _use_case(self, asked: Sequence[Increase]) -> list[str]:
        account = [one for one in (*self.increases, *self.enough) if one.profile == asked[0].profile]
        operations = dict.fromkeys(one.operation for one in account)
        images = most = self.plan.counts.images
        if self._several:
            most = min(images, max(sum(one.calls for one in account if one.operation == name) for name in operations))
        peaks = ", ".join(f"{one.operation} {one.wanted}/s in {one.region}" for one in asked)
        return [
            "Use case",
            f"  An archive of {many(images, 'image')} is analysed once"
            f"{f', {most:,} of them in this account' if self._several else ''}, each image by one call to each of"
            f" {', '.join(operations)}.",
            f"  Images a day: {self._a_day(most):,}, in {count(self.hours)} hours.",
            f"  Regions: {', '.join(dict.fromkeys(one.region for one in account))}.",
            f"  Peak transactions per second: {peaks}. The rate is even, so the peak is the average.",
            f"  {_PACE}",
        ]

    @staticmethod
    def _commands(asked: Sequence[Increase]) -> list[str]:
        found = ["One request for each line: an increase is for one operation in one Region."]
        if not all(one.code for one in asked):
            found.append(
                "  The codes: `rekscan quotas --request --refresh ...` reads them, or"
                f" `aws service-quotas list-service-quotas --service-code {SERVICE}`."
            )
        return [*found, *(f"  {one.command}" for one in asked)]


def quota_request(
    plan: Plan, hours: Decimal, named: Mapping[str, Mapping[str, Named]], profile: str | None = None
) -> QuotaRequest:
    """`named`: by Region and operation, the quotas as Service Quotas has them. `profile`: of the job's own account.
    Raises UsageError for a plan without calls on pictures."""
    if not (hours.is_finite() and hours >= _SHORTEST):
        raise UsageError(f"--within {hours}: hours are {_SHORTEST} or more", "Write --within 24.")
    rates = [rate for rate in plan.rates if rate.calls and not rate.operation.startswith("Start")]
    if not rates:
        raise UsageError(
            "there are no calls on images to be faster with", "Give a SOURCE or --images, and --api labels."
        )
    slow = {rate.operation for rate in rates if rate.source == "units"}
    by_units = tuple(dict.fromkeys(line.api for line in plan.lines if line.operation in slow))
    rates = [rate for rate in rates if rate.operation not in slow]
    if not rates:
        raise UsageError(
            f"{', '.join(by_units)}: as fast as its model, whatever the quota", "Give it more units: `units=2`."
        )
    found = [one for rate in rates for one in _increases(plan, rate, hours, named, profile)]
    return QuotaRequest(
        plan,
        hours,
        tuple(one for one in found if not one.enough),
        tuple(one for one in found if one.enough),
        by_units,
    )


def _increases(
    plan: Plan, rate: Rate, hours: Decimal, named: Mapping[str, Mapping[str, Named]], own: str | None
) -> Iterable[Increase]:
    at = rate.at or {OWN: rate.tps}
    known = sum(tps for tps in at.values() if tps)
    for place, tps in at.items():
        share = Decimal(str(tps or 0)) / Decimal(str(known)) if known else Decimal(1) / len(at)
        calls = (rate.calls * share).to_integral_value(ROUND_CEILING)
        wanted = (calls / (hours * 3600)).to_integral_value(ROUND_CEILING)
        region, profile = plan.region_of(place), plan.profile_of(place) or own
        one = named.get(region, {}).get(rate.operation, Named())
        yield Increase(region, profile, rate.operation, int(calls), tps, int(wanted), one.code, one.name)
