"""What a person reads when a scan ends: what was found, what failed and why, what it cost, where the tables are."""

from jobs.folder import JobFolder
from jobs.status import Status
from jobs.words import dollars
from rekscan.console.output import print_line, talk
from reports.facts.summary import summarize
from reports.tables.load import load_folder
from reports.views.terminal import lines


def status_line(status: Status) -> str:
    """One line for `status` and `jobs`."""
    calls = status.calls
    parts = [status.job, status.state + (f" ({status.reason})" if status.reason else ""), *_calls(calls), _cost(status)]
    if status.throttled:
        parts.append(f"{status.throttled:,} throttled")
    if status.waits_for:
        parts.append(f"waits for {status.waits_for}")
    if status.do:
        parts.append(status.do)
    return "  ".join(parts)


def print_summary(folder: JobFolder, status: Status) -> None:
    """The whole summary; of a job without tables yet (paused, blocked) its status alone."""
    if folder.read("reports/tables.json") is None:
        print_line(status_line(status))
        return
    for line in lines(summarize(folder)):
        print_line(line)
    built = load_folder(folder).built
    print_line("")
    print_line(f"Calls   {'  '.join(_calls(status.calls))}")
    print_line(f"Cost    {_cost(status)} at AWS prices of {folder.spec.plan.prices.as_of}")
    if folder.spec.options.local:
        print_line("        (nothing was paid: the answers are the bundled emulator's)")
    print_line(f"Tables  {folder.where}/reports/  ({', '.join(built.rows)} as {' and '.join(built.formats)})")
    if folder.read("reports/report.html") is not None:
        print_line(f"Report  {folder.where}/reports/report.html")
    if status.state != "finished":
        talk.print(f"{status.state}{f': {status.reason}' if status.reason else ''}. {status.do}")


def _calls(calls: dict[str, int]) -> list[str]:
    done = calls["ok"] + calls["skipped"] + calls["failed"]
    return [
        f"{done:,}/{calls['planned']:,} done",
        f"{calls['ok']:,} ok",
        f"{calls['skipped']:,} skipped",
        f"{calls['failed']:,} failed",
    ]


def _cost(status: Status) -> str:
    text = f"{dollars(status.usd.get('actual'))} of {dollars(status.usd.get('planned'))} planned"
    return text + (f", {dollars(status.usd.get('maybe'))} maybe billed on top" if status.calls["maybe_billed"] else "")
