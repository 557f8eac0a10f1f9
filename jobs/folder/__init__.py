"""A job's folder: the truth of what is asked and what became of it. Redis only remembers what is under way."""

from jobs.folder.folder import JobFolder, list_jobs, new_job_id
from jobs.folder.part_names import ShardParts
from jobs.folder.spec import PART_ROWS, JobSpec

__all__ = ["PART_ROWS", "JobFolder", "JobSpec", "ShardParts", "list_jobs", "new_job_id"]
