"""What is said of a job home as a whole: home.json, beside its jobs.

Rule: it is read each time it is needed, as anybody may change it from anywhere. Where it is not there, nothing is said.
"""

from dataclasses import dataclass

from jobs import documents
from jobs.aws.access import Aws
from jobs.files import open_home
from jobs.planned import Dollars

_FILE = "home.json"


@dataclass(frozen=True, slots=True)
class HomeSettings:
    """home.json."""

    month_cap: Dollars | None = None  # dollars that its jobs on AWS may cost in a calendar month, together (since 2)


def read_home(home: str, aws: Aws | None = None) -> HomeSettings:
    """Raises RekscanError where this version cannot read it."""
    files, base = open_home(home, aws)
    data = files.read(f"{base}/{_FILE}")
    return HomeSettings() if data is None else documents.load(HomeSettings, data, f"{_FILE} of {home}")


def write_home(home: str, settings: HomeSettings, aws: Aws | None = None) -> None:
    files, base = open_home(home, aws)
    files.write(f"{base}/{_FILE}", documents.dump(settings))
