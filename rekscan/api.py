"""The same from Python: a plan without a paid call, and a job for a cluster."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from jobs.errors import UsageError
from rekscan.launch import open_job
from rekscan.order import Order, plan_order
from rekscan.run import prepare
from rekscan.session import ledger
from rekscan.settings import resolve
from workers import app
from workers.reconcile import reconcile


def estimate(source: str | Sequence[str], *, api: str, **settings: Any) -> dict[str, Any]:
    """The plan of a scan as `rekscan scan --dry-run --json` prints it: lines, total_usd, duration_s, assumptions.

    `settings`: region, home, endpoint_url, ... as the command line's flags, with underscores.
    Raises jobs.errors.RekscanError with what happened and what to do.
    """
    planned = plan_order(_list(source), [api], Order(), resolve(None, **settings))
    planned.discard()
    return planned.plan.to_json()


def submit(source: str | Sequence[str], *, api: str, max_cost: Decimal | None = None, **settings: Any) -> str:
    """Hand a scan to the cluster of `redis_url` (or REKSCAN_REDIS_URL); the job's id. It is approved by this call."""
    resolved = resolve(None, **settings)
    records = ledger(resolved) if resolved.redis_url else None
    if records is None:
        raise UsageError("submit hands the job to a cluster, and no Redis is named", "Set REKSCAN_REDIS_URL.")
    folder = plan_order(_list(source), [api], Order(yes=True, max_cost=max_cost), resolved).approved()
    prepare(folder, resolved)
    open_job(records, folder)
    reconcile(records, app.ring)
    return folder.job


def _list(source: str | Sequence[str]) -> list[str]:
    return [source] if isinstance(source, str) else list(source)
