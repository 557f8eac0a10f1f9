"""What the server saw and what AWS would have billed for it, counted per (operation, content)."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulator.server.behaviour import Arrivals


def content_key(request: dict[str, Any], images: tuple[str, ...]) -> str:
    """sha256 of the bytes, `s3://bucket/key`, or for calls without an image what they are about; joined by `|`."""
    keys = [image_key(request.get(member) or {}) for member in images]
    if not keys:
        keys = [
            str(request[member])
            for member in ("CollectionId", "FaceId", "JobId", "ProjectVersionArn")
            if member in request
        ]
    return "|".join(keys)


def image_key(image: dict[str, Any]) -> str:
    if image.get("Bytes") is not None:
        return hashlib.sha256(image["Bytes"]).hexdigest()
    place = image.get("S3Object") or {}
    return f"s3://{place.get('Bucket', '')}/{place.get('Name', '')}"


@dataclass(slots=True)
class Counts:
    """`calls` reached the service, `billed` were answered 200 (also if the answer was lost on the wire)."""

    calls: dict[str, Counter[str]] = field(default_factory=dict)
    billed: dict[str, Counter[str]] = field(default_factory=dict)
    meters: Counter[str] = field(default_factory=Counter)
    regions: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)  # of the signature, by operation
    keys: Counter[str] = field(default_factory=Counter)  # ids of access keys, of all requests
    throttled: Counter[str] = field(default_factory=Counter)
    errors: dict[str, Counter[str]] = field(default_factory=dict)
    arrivals: Arrivals = field(default_factory=Arrivals)

    def call(self, operation: str, content: str, region: str) -> None:
        self.calls.setdefault(operation, Counter())[content] += 1
        self._of(region)["calls"][operation] += 1
        if "s3://" in content:
            self._of(region)["objects"][operation] += 1

    def bill(self, operation: str, content: str, meters: dict[str, int], region: str) -> None:
        self.billed.setdefault(operation, Counter())[content] += 1
        self.meters.update(meters)
        self._of(region)["billed"][operation] += 1

    def _of(self, region: str) -> dict[str, Counter[str]]:
        found = self.regions.get(region)
        if found is None:
            found = self.regions[region] = {"calls": Counter(), "billed": Counter(), "objects": Counter()}
        return found

    def throttle(self, operation: str) -> None:
        self.throttled[operation] += 1

    def error(self, operation: str, code: str) -> None:
        self.errors.setdefault(operation, Counter())[code] += 1

    def document(
        self, jobs: dict[str, Counter[str]], milliseconds: Counter[str], inference_hours: dict[str, float]
    ) -> dict[str, Any]:
        """`jobs`, `milliseconds`: video jobs that succeeded, by operation and film, and what they add to meters.
        `inference_hours`: unit-hours of model versions, by ARN."""
        return {
            "calls": self.calls,
            "billed": self.billed | jobs,
            "meters": self.meters + milliseconds,
            "inference_hours": inference_hours,
            "regions": self.regions,
            "keys": self.keys,
            "throttled": self.throttled,
            "errors": self.errors,
        }

    def reset(self) -> None:
        for counter in (self.calls, self.billed, self.meters, self.regions, self.keys, self.throttled, self.errors):
            counter.clear()
        self.arrivals.clear()
