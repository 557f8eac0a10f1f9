"""How much one worker process takes on: each number's default and bounds, written once for workers and settings."""

from typing import Any

from pydantic import BaseModel, Field


class WorkerLimits(BaseModel):
    calls: int = Field(default=512, ge=1, le=8192, description="calls under way at once per API in one worker")
    shards: int = Field(default=5, ge=1, le=64, description="shards under way at once in one worker")
    in_flight_mb: int = Field(default=256, ge=16, description="megabytes of pictures held at once in one worker")
    lease_seconds: float = Field(
        default=10, ge=1, le=300, description="seconds until a silent worker is taken for dead"
    )
    read_timeout: float = Field(
        default=60, ge=1, le=300, description="seconds until an answer of Rekognition is given up"
    )
    outage_seconds: float = Field(
        default=120,
        ge=0,
        le=86400,
        description="seconds that a service may answer nothing usable until a job is blocked",
    )
    video_look_seconds: float = Field(
        default=15, ge=0, le=3600, description="seconds until a started video job is first looked at"
    )
    video_hold_seconds: float = Field(
        default=30,
        ge=0,
        le=3600,
        description="seconds between tries of one more video job while others use the account's slots",
    )

    def limits(self) -> dict[str, Any]:
        """The numbers alone, of whatever carries them."""
        return {name: getattr(self, name) for name in WorkerLimits.model_fields}


DEFAULTS = WorkerLimits()
