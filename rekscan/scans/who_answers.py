"""Who answers what is planned, where it is not AWS: a sentence for the plan, and how long it takes.

Rule: `estimate`, `scan` and `submit` say it in the same words.
"""

import os

from jobs.folder.whose import AWS, EMULATOR, answering
from jobs.plan.values import Plan
from rekscan.settings import Settings


def not_aws(settings: Settings, *, local: bool) -> str:
    """A sentence on answers that will not be AWS's; "" where they will."""
    answers = answering(local=local, endpoint=settings.rekognition_url)
    if answers == AWS:
        return ""
    free = ": nothing is paid" if answers == EMULATOR else ""
    return f"Answers come from {answers}, not from AWS{free}. The prices are what AWS would take."


def timed(plan: Plan, settings: Settings, *, local: bool) -> Plan:
    """As long as the bundled emulator takes on this machine, where it answers."""
    return plan.emulated(os.cpu_count() or 1) if local and not settings.rekognition_url else plan
