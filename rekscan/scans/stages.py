"""The stage of a scan: whether it can be used, said before anything is listed; and what jobs have left in theirs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.folder import JobFolder, JobSpec
from jobs.stage.bucket import KEPT_DAYS, StageBucket, stage_of
from jobs.stage.names import Stage
from jobs.words import many, size
from rekscan.scans.terms import Terms
from rekscan.settings import Settings


def check_stage(sources: Iterable[str], terms: Terms) -> None:
    """Raises RekscanError where films of this machine may need it, and it is not there or in another Region."""
    if terms.stage is not None and any(not source.startswith(("s3://", "arn:")) for source in sources):
        client = clients.s3(replace(terms.settings.aws, region=terms.region))
        StageBucket(Stage.parse(terms.stage), client).check(terms.region)


def left_of(folder: JobFolder) -> list[dict[str, Any]]:
    """Films that the stage of a job still has for it, for `rekscan costs`. `bytes`: null while one is not whole."""
    stage = stage_of(folder.spec, folder.aws)
    if stage is None:
        return []
    try:
        left = stage.left()
    except (BotoCoreError, ClientError) as error:
        return [{"uri": stage.stage.uri, "there": None, "why": str(error)}]
    keys = sorted({note.key for note in left.notes if note.job == folder.job})
    return [{"uri": stage.stage.uri_of(key), "there": True, "bytes": left.films.get(key)} for key in keys]


def left_text(rows: Iterable[dict[str, Any]], job: str) -> list[str]:
    """The same for people."""
    found = []
    for row in rows:
        if row["there"] is None:
            found.append(f"Maybe left in the stage {row['uri']} ({row['why']}).")
        else:
            what = "an upload that was broken off" if row["bytes"] is None else size(row["bytes"])
            found.append(f"In the stage: {row['uri']}, {what}.")
    return [*found, f"`rekscan resume {job}` uses what it needs of that, and deletes it."] if found else []


def stages_text(settings: Settings, specs: Iterable[JobSpec]) -> str:
    """What all stages of a home have, for `rekscan doctor`."""
    stages = {stage.stage.uri: stage for spec in specs if (stage := stage_of(spec, settings.aws))}
    if settings.stage and settings.stage not in stages:
        aws: Aws = replace(settings.aws, region=settings.aws_region())
        stages[settings.stage] = StageBucket(Stage.parse(settings.stage), clients.s3(aws))
    said = [f"{uri}: {_lies(stage)}; {_RULES[stage.expires()]}" for uri, stage in sorted(stages.items())]
    return ". ".join(said) or "no job of this home has one"


def _lies(stage: StageBucket) -> str:
    left = stage.left()
    jobs = Counter(note.job for note in left.notes)
    found = [f"{many(len(left.films), 'film')} ({size(sum(left.films.values()))})"] if left.films else []
    found += [f"{number} needed by job {job}" for job, number in sorted(jobs.items())]
    found += [f"{len(left.unneeded)} that no job needs"] if left.unneeded else []
    found += [many(left.unfinished, "unfinished upload")] if left.unfinished else []
    return ", ".join(found) or "nothing lies there"


_RULES = {
    True: "a lifecycle deletes what is left",
    False: f"no lifecycle deletes what is left: add one of {KEPT_DAYS} days (docs/video.md)",
    None: "whether a lifecycle deletes what is left, these credentials may not see (s3:GetLifecycleConfiguration)",
}
