"""Custom Labels models: how one stands, its start and its stop. No call here is billed; what runs is, by the hour."""

from dataclasses import dataclass
from typing import Any

from jobs.aws.control import Refused, call, pages
from jobs.errors import RekscanError
from jobs.uris import model_name

RUNNING, STARTING, STOPPING = "RUNNING", "STARTING", "STOPPING"
STARTABLE = ("TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED", "FAILED")
_WHY = {  # of those that cannot be started
    "TRAINING_IN_PROGRESS": "Wait for its training to end.",
    "COPYING_IN_PROGRESS": "Wait for its copying to end.",
    "EXPIRED": "Train a new version.",
    "DEPRECATED": "Train a new version: AWS no longer runs this one.",
}


@dataclass(frozen=True, slots=True)
class Model:
    """`units`: that it runs with, or ran with last; 0 where it never did."""

    arn: str
    status: str
    units: int = 0
    message: str = ""

    @property
    def up(self) -> bool:
        return self.status in (RUNNING, STARTING)

    def check(self) -> None:
        """Raises RekscanError where it neither runs nor can be started."""
        if self.status not in (*STARTABLE, RUNNING, STARTING, STOPPING):
            why = f": {self.message}" if self.message else ""
            do = _WHY.get(self.status, "Name a version that was trained.")
            raise RekscanError(f"the model {model_name(self.arn)} is {self.status}{why}", do)


def describe(client: Any, arn: str) -> Model:
    """Raises RekscanError where there is none."""
    project, version = model_name(arn).split("/")
    for page in pages(client, "DescribeProjects", {"ProjectNames": [project]}):
        for found in page.get("ProjectDescriptions") or ():
            model = _of_project(client, found["ProjectArn"], version, arn)
            if model is not None:
                return model
    raise RekscanError(f"there is no model {arn}", "Is it the ARN of a version, and of this Region and account?")


def start(client: Any, arn: str, units: int) -> None:
    """Raises Refused."""
    call(client, "StartProjectVersion", {"ProjectVersionArn": arn, "MinInferenceUnits": units})


def stop(client: Any, arn: str) -> None:
    """Raises Refused."""
    call(client, "StopProjectVersion", {"ProjectVersionArn": arn})


def _of_project(client: Any, project_arn: str, version: str, arn: str) -> Model | None:
    asked = {"ProjectArn": project_arn, "VersionNames": [version]}
    try:
        for page in pages(client, "DescribeProjectVersions", asked):
            for one in page.get("ProjectVersionDescriptions") or ():
                if one["ProjectVersionArn"] == arn:
                    units = int(one.get("MinInferenceUnits") or 0)
                    return Model(arn, str(one["Status"]), units, str(one.get("StatusMessage") or ""))
    except Refused as refused:
        if refused.why != "ResourceNotFoundException":
            raise
    return None
