"""What a worker is told reaches it, and defaults are those of the settings."""

import pytest
from pydantic import ValidationError

from rekscan.settings import Settings, resolve
from workers.config import WorkerConfig
from workers.limits import DEFAULTS


def test_a_child_reads_what_its_parent_wrote(monkeypatch):
    told = WorkerConfig(redis_url="unix:///tmp/r.sock", calls=7, lease_seconds=2.5, profile="archive")
    for name, value in told.to_env().items():
        monkeypatch.setenv(name, value)
    assert WorkerConfig() == told


def test_a_setting_and_a_worker_have_one_default(monkeypatch):
    monkeypatch.setenv("REKSCAN_WORKER_CALLS", "")  # empty is not set
    assert WorkerConfig().limits() == resolve().limits() == DEFAULTS.limits()


def test_bounds_are_the_same_for_both():
    for kind in (Settings, WorkerConfig):
        with pytest.raises(ValidationError, match="lease_seconds"):
            kind(lease_seconds=0)
