"""What the command line of the emulator says, as one value; `docs/emulator.md` explains each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    port: int = 9324
    host: str = "127.0.0.1"
    allow_host: tuple[str, ...] = ()
    engine: str = "models"
    workers: int | None = None
    s3_endpoint_url: str | None = None
    sns_endpoint_url: str | None = None
    file_store: Path | None = None
    data_dir: Path | None = None
    gallery: Path | None = None
    quota: tuple[str, ...] = ()
    quota_scale: float = 1.0
    quota_burst: float | None = None
    ramp: float | None = None
    latency: str | None = None
    video_jobs: int = 20
    video_latency: str | None = None
    custom_model: tuple[str, ...] = ()
    model_seconds: float = 0.0
    fault: tuple[str, ...] = ()
    seed: int = 0
    verify_key: str | None = None
    request_timeout: float = 60.0
    ready_file: Path | None = None
    end_with_stdin: bool = False
