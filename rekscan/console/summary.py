"""What a person reads when a scan ends: what was found, what failed and why, what it cost, where the tables are."""

from jobs.folder import JobFolder
from jobs.folder.whose import unpaid
from jobs.status import Status
from rekscan.console.output import print_line, say
from rekscan.console.status import calls_of, cost_of, looks_of, regions_of, status_line
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.tables.built import BuiltTables
from reports.tables.load import load_folder
from reports.views.terminal import lines


def print_summary(folder: JobFolder, status: Status) -> None:
    """The whole summary; of a job without tables yet (paused, blocked) its status alone."""
    if folder.read("reports/tables.json") is None:
        print_line(status_line(status))
        return
    facts, built = summarize(folder), load_folder(folder).built
    for line in lines(facts):
        print_line(line)
    print_line("")
    print_line(headline(facts, min_confidence=built.min_confidence, note=unpaid(folder.spec)))
    print_line(f"Calls   {'  '.join(calls_of(status.calls))}")
    if status.by_region:
        print_line(f"Regions {regions_of(status)}")
    for line in looks_of(status):
        print_line(f"First   {line}")
    print_line(f"Cost    {cost_of(status)} at AWS prices of {folder.spec.plan.prices.as_of}")
    print_line(f"Tables  {folder.where}/reports/  ({_files(built)})")
    if folder.read("reports/report.html") is not None:
        print_line(f"Report  {folder.where}/reports/report.html")
    else:
        say(f"The report could not be made: `rekscan report {folder.job}` says why.")
    if status.state != "finished":
        say(f"{status.state}{f': {status.reason}' if status.reason else ''}. {status.do}".rstrip())


def _files(built: BuiltTables) -> str:
    """The files that are there, by name: those of a job that stopped short have other names."""
    if built.partial is None:
        return f"{', '.join(built.rows)} as {' and '.join(built.formats)}"
    first = built.formats[0]
    names = [name for name in built.files if name.endswith(f".partial.{first}")]
    return f"{', '.join(names)}{''.join(f', the same as .{one}' for one in built.formats[1:])}"
