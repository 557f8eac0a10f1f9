"""Running a job that exists: start what it needs, put it on the table, follow it, print what came of it."""

from decimal import Decimal
from functools import partial

from jobs.folder import JobFolder
from rekscan.follow import exit_code, follow
from rekscan.launch import open_job
from rekscan.output import print_json, talk
from rekscan.session import Engine
from rekscan.settings import Settings
from rekscan.summary import print_summary
from workers import client
from workers.collections import make_ready


def run_here(folder: JobFolder, settings: Settings, *, json: bool, max_cost: Decimal | None = None) -> int:
    """Run and follow a job; its exit code."""
    spec = folder.spec
    with Engine(settings, local=bool(spec.options.get("local"))) as engine:
        talk.print(f"job [bold]{spec.job}[/bold] in {folder.where}", soft_wrap=True)
        try:
            ledger = engine.start(spec)
            prepare(folder, settings, engine.rekognition_url)
            put = partial(open_job, ledger, folder, rekognition_url=engine.rekognition_url, max_cost=max_cost)
            put()
            status = follow(ledger, folder, tend=engine.tend, reopen=put, quiet=json)
        except KeyboardInterrupt:
            talk.print()
            if engine.supervisor is None:
                talk.print(f"The job goes on without you. `rekscan watch {spec.job}` follows it again.")
            else:
                talk.print(f"Interrupted. Nothing is lost: `rekscan resume {spec.job}` goes on where it stopped.")
            return 130
    if json:
        print_json(status.to_json())
    else:
        print_summary(folder, status)
    return exit_code(status)


def prepare(folder: JobFolder, settings: Settings, rekognition_url: str | None = None) -> None:
    """What must be there before the first paid call (a face collection). Raises RekscanError when it is not."""
    spec = folder.spec
    if any(choice.api.prepare(choice.params) for choice in spec.apis):
        endpoint = rekognition_url or spec.rekognition_url
        make_ready(client.rekognition(spec.region, endpoint_url=endpoint, profile=settings.profile), spec.apis)
