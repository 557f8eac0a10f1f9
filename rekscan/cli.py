"""The command line. Commands live one per module in `rekscan.commands` and are imported when they are run.

Exit codes: 0 done; 1 refused or failed; 2 usage; 3 done, but some calls failed; 4 incomplete (a cap, paused, blocked,
cancelled); 130 interrupted (Ctrl-C, SIGTERM).
"""

import os
import sys
from importlib.metadata import version

from cyclopts import App, CycloptsError

from jobs.errors import RekscanError
from jobs.logs import set_up
from jobs.starting import start_light
from rekscan.console.output import fit_streams, say, talk
from rekscan.console.trouble import explained, wrong_usage
from rekscan.ending import end_when_told

# name -> where it is, what it is for (shown by `rekscan --help`, which imports none of them)
COMMANDS = {
    "estimate": ("estimate:estimate", "Price and duration of a scan, without a paid call."),
    "scan": ("scan:scan", "Plan, show the price, ask, run, follow, write tables."),
    "submit": ("scan:submit", "Hand a scan to a running cluster and print its job id."),
    "status": ("job:status", "How far a job is, and what it waits for."),
    "watch": ("steer:watch", "Follow a job until it ends."),
    "pause": ("steer:pause", "Send nothing more of a job; resume goes on."),
    "resume": ("steer:resume", "Go on with a job that stopped short; nothing done is redone."),
    "cancel": ("steer:cancel", "Stop a job; what it found stays, as partial tables."),
    "retry": ("steer:retry", "Ask the failed calls of a finished job again."),
    "jobs": ("job:jobs", "The jobs of the home."),
    "report": ("report:report", "Tables and report from stored answers, at any threshold."),
    "diff": ("diff:diff", "What is different between two jobs: items, findings, models."),
    "open": ("open_report:open_report", "A job's report in the browser; one on S3 is brought here."),
    "review": ("review:review", "Read a filled-in review sheet back: precision, threshold, allow-list."),
    "sql": ("sql:sql", "Query a job's tables."),
    "costs": ("costs:costs", "Planned, actual and maybe billed, of a job or a month."),
    "cap": ("cap:cap", "What all jobs of a home may cost in a calendar month."),
    "apis": ("apis:apis", "What can be scanned for, with parameters and meters."),
    "prices": ("prices:prices", "The price table in use, with source and date."),
    "quotas": ("quotas:quotas", "The quotas in use, with source and date."),
    "collections": ("face_collections:app", "Face collections: list, describe, price, delete."),
    "worker": ("worker:worker", "Join a cluster."),
    "emulator": ("emulator:emulator", "An offline Rekognition endpoint."),
    "demo": ("demo:demo", "Scan sample photos, offline and free."),
    "doctor": ("doctor:doctor", "Check this machine, and where each setting comes from."),
}


def build(*, listing: bool) -> App:
    """The application. For a list of commands, each has its purpose; for one command, its own help."""
    app = App(
        name="rekscan",
        help="Scan large picture archives with Amazon Rekognition: price first, never pay twice, tables at the end.",
        version=version("rekscan"),
        help_format="markdown",
    )
    for name, (path, purpose) in COMMANDS.items():
        app.command(f"rekscan.commands.{path}", name=name, **({"help": purpose} if listing else {}))
    return app


def main(argv: list[str] | None = None) -> None:
    """Run a command and exit with its code."""
    start_light()
    end_when_told()
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run a command; its exit code."""
    fit_streams()
    try:
        set_up("%(levelname)s %(name)s: %(message)s")
        code = build(listing=not argv or argv[0].startswith("-"))(
            argv,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
            error_console=talk,
            verbose=False,
        )
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        _say_error(wrong_usage(error), "`rekscan COMMAND --help` shows what a command takes.")
        return 2
    except RekscanError as error:
        _say_error(error.what, error.do)
        return error.code
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        found = explained(error, argv)
        _say_error(found.what, found.do)
        return found.code


def _say_error(what: str, do: str) -> None:
    say(("Error:", "red"), f" {what}")
    if do:
        say(f"  {do}")
