"""Quotas: how many calls a second AWS allows per account, Region and operation, and where an operation exists.

Rule: a number that is not in the table is None, never a guess. Source: jobs/data/quotas.json (AWS General Reference,
defaults), or the account's own values read from Service Quotas (jobs/aws/service_quotas.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import orjson

from jobs.errors import RekscanError

_VIDEO = (
    "StartCelebrityRecognition",
    "StartContentModeration",
    "StartFaceDetection",
    "StartFaceSearch",
    "StartLabelDetection",
    "StartSegmentDetection",
    "StartTextDetection",
)


@dataclass(frozen=True, slots=True)
class QuotaTable:
    """Transactions per second, with where and when they were read."""

    source: str
    as_of: str
    rates: Mapping[str, Mapping[str, float]]  # operation -> Region ("*": every Region) -> transactions per second
    regions: Mapping[str, Mapping[str, Any]]  # Region -> what it offers: image, stored_video, custom_labels, operations
    concurrent_videos: int  # stored-video jobs one account may have open at a time
    confidence: str = "aws-text"  # of a number that was not read from the account
    read: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # operation -> Region -> date it was read

    @classmethod
    def bundled(cls) -> "QuotaTable":
        """The defaults that come with rekscan (jobs/data/quotas.json)."""
        return _bundled()

    @classmethod
    def load(cls, path: Path) -> "QuotaTable":
        """A table from a JSON file in the form of jobs/data/quotas.json. Raises RekscanError if it is not one."""
        try:
            return cls.from_json(orjson.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RekscanError(
                f"{path} is not a quota table: {error}", "`rekscan quotas --refresh` writes one."
            ) from error

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "QuotaTable":
        return cls(
            source=data["source"],
            as_of=data["as_of"],
            rates={op: {r: float(v) for r, v in row.items()} for op, row in data["tps"].items()},
            regions=data["regions"],
            concurrent_videos=int(data["concurrent_stored_video_jobs"]),
            confidence=data.get("confidence", "aws-text"),
            read=data.get("read", {}),
        )

    def to_json(self) -> dict[str, Any]:
        """The table in the form `from_json` reads."""
        return {
            "source": self.source,
            "as_of": self.as_of,
            "confidence": self.confidence,
            "read": {operation: dict(row) for operation, row in self.read.items()},
            "concurrent_stored_video_jobs": self.concurrent_videos,
            "regions": dict(self.regions),
            "tps": {operation: dict(row) for operation, row in self.rates.items()},
        }

    def tps(self, operation: str, region: str) -> float | None:
        """Transactions per second of an operation in a Region; None where the table has none."""
        row = self.rates.get(operation, {})
        return row.get(region, row.get("*"))

    def provenance(self, operation: str, region: str) -> tuple[str, str]:
        """Confidence and date of a number: `service-quotas` where it is the account's own."""
        date = self.read.get(operation, {}).get(region)
        return ("service-quotas", date) if date else (self.confidence, self.as_of)

    def missing(self, operation: str, region: str) -> str | None:
        """Why an operation cannot run in a Region, None if it can (or if the Region is not in the table at all)."""
        offer = self.regions.get(region)
        if offer is None:
            return None
        if operation == "DetectCustomLabels":
            return None if offer["custom_labels"] else f"Amazon Rekognition has no Custom Labels in {region}"
        if operation in _VIDEO:
            if not offer["stored_video"]:
                return f"Amazon Rekognition analyses no stored video in {region}"
        elif "operations" in offer and operation not in offer["operations"]:
            return (
                f"Amazon Rekognition offers only some operations in {region} ({offer['image']}); {operation} is not one"
            )
        if operation in self.rates and self.tps(operation, region) is None:
            return f"AWS lists no {operation} in {region}"
        return None

    def offers(self, operation: str, region: str) -> bool:
        """Whether an operation is known to be there: the Region is in the table, or the account has a quota of it."""
        there = self.known(region) or region in self.read.get(operation, {})
        return there and self.missing(operation, region) is None

    def where(self, operation: str) -> tuple[str, ...]:
        """The Regions that offer an operation."""
        return tuple(region for region in self.regions if self.missing(operation, region) is None)

    def check(self, operation: str, region: str) -> None:
        """Raises RekscanError saying why an operation cannot run in a Region and where it can."""
        if reason := self.missing(operation, region):
            raise RekscanError(reason, f"Choose another --region: {', '.join(self.where(operation))}.")

    def known(self, region: str) -> bool:
        """Whether AWS lists Rekognition in the Region at all."""
        return region in self.regions

    def unlisted(self, region: str) -> str | None:
        """Why nothing is known of a Region; None where AWS lists Rekognition there, or the account has a quota."""
        if self.known(region) or any(region in dates for dates in self.read.values()):
            return None
        return f"{region} is not in the list of Regions with Rekognition ({self.as_of})"

    def with_rates(self, region: str, rates: Mapping[str, float], *, source: str, as_of: str) -> "QuotaTable":
        """The table with an account's own values for one Region in place of the defaults."""
        merged = {operation: dict(row) for operation, row in self.rates.items()}
        read = {operation: dict(row) for operation, row in self.read.items()}
        for operation, rate in rates.items():
            merged.setdefault(operation, {})[region] = rate
            read.setdefault(operation, {})[region] = as_of
        return replace(self, rates=merged, read=read, source=source)


@cache
def _bundled() -> QuotaTable:
    return QuotaTable.from_json(orjson.loads(resources.files("jobs").joinpath("data/quotas.json").read_bytes()))
