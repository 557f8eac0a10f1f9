"""The command line. Commands live one per module in `rekscan.commands` and are imported when they are run.

Exit codes: 0 done; 1 refused or failed; 2 usage; 3 done, but some calls failed; 4 incomplete (budget, paused, blocked,
cancelled); 130 interrupted.
"""

import logging
import os
import sys
from importlib.metadata import version

from cyclopts import App, CycloptsError
from rich.markup import escape

from jobs.errors import RekscanError
from rekscan.output import talk

COMMANDS = {
    "estimate": "rekscan.commands.estimate:estimate",
    "scan": "rekscan.commands.scan:scan",
    "submit": "rekscan.commands.scan:submit",
    "status": "rekscan.commands.job:status",
    "watch": "rekscan.commands.job:watch",
    "resume": "rekscan.commands.job:resume",
    "cancel": "rekscan.commands.job:cancel",
    "jobs": "rekscan.commands.job:jobs",
    "report": "rekscan.commands.report:report",
    "apis": "rekscan.commands.apis:apis",
    "worker": "rekscan.commands.worker:worker",
    "emulator": "rekscan.commands.emulator:emulator",
    "demo": "rekscan.commands.demo:demo",
    "doctor": "rekscan.commands.doctor:doctor",
}


def build() -> App:
    app = App(
        name="rekscan",
        help="Scan large picture archives with Amazon Rekognition: price first, never pay twice, tables at the end.",
        version=version("rekscan"),
        help_format="markdown",
    )
    for name, path in COMMANDS.items():
        app.command(path, name=name)
    return app


def main(argv: list[str] | None = None) -> None:
    """Run a command and exit with its code."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run a command; its exit code."""
    logging.basicConfig(
        level=os.environ.get("REKSCAN_LOG", "WARNING").upper(), format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        code = build()(
            argv,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
            error_console=talk,
            verbose=False,
        )
        return code if isinstance(code, int) else 0
    except CycloptsError as error:
        talk.print(f"[red]Error:[/red] {escape(str(error))}")
        talk.print("  `rekscan COMMAND --help` shows what a command takes.")
        return 2
    except RekscanError as error:
        talk.print(f"[red]Error:[/red] {escape(error.what)}", soft_wrap=True)
        if error.do:
            talk.print(f"  {escape(error.do)}", soft_wrap=True)
        return error.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
