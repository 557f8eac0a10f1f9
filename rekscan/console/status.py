"""A job's status in one line."""

from jobs.status import Status
from jobs.words import dollars


def status_line(status: Status) -> str:
    """One line for `status` and `jobs`."""
    calls = status.calls
    parts = [
        status.job,
        status.state + (f" ({status.reason})" if status.reason else ""),
        *calls_of(calls),
        cost_of(status),
    ]
    if status.throttled:
        parts.append(f"{status.throttled:,} throttled")
    if status.waits_for:
        parts.append(f"waits for {status.waits_for}")
    if status.do:
        parts.append(status.do)
    return "  ".join(parts)


def calls_of(calls: dict[str, int]) -> list[str]:
    done = calls["ok"] + calls["skipped"] + calls["failed"]
    return [
        f"{done:,}/{calls['planned']:,} done",
        f"{calls['ok']:,} ok",
        f"{calls['skipped']:,} skipped",
        f"{calls['failed']:,} failed",
    ]


def cost_of(status: Status) -> str:
    text = f"{dollars(status.usd.get('actual'))} of {dollars(status.usd.get('planned'))} planned"
    return text + (f", {dollars(status.usd.get('maybe'))} maybe billed on top" if status.calls["maybe_billed"] else "")
