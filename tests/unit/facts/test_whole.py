"""What a sample's report says of the whole source, from a job's tables: held against what was put into it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.synthetic_job import make_job
from jobs.folder import JobFolder
from jobs.items import Item
from jobs.outcomes import Outcome
from jobs.sample.record import Sample, SampleStratum
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.facts.values import Whole
from reports.views.markdown import build_markdown
from reports.views.report import build_report
from reports.views.terminal import lines

APIS = ("labels", "moderation", "text", "protective-equipment:required=HEAD_COVER")
