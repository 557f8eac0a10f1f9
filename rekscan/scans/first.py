"""The bundled models before AWS's: whether they can run where the workers will, said before anything is listed."""

from collections.abc import Sequence

from jobs.apis import Choice
from rekscan.settings import Settings
from workers.local_models import refuse_missing_models


def check_first(first: Sequence[Choice], settings: Settings) -> None:
    """Raises RekscanError where workers of this machine are to run them and cannot. Those of a cluster say so
    themselves, and the job is blocked."""
    if first and settings.redis_url is None:
        refuse_missing_models()
