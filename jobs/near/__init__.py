"""Pictures that look alike (`--near`): which is asked about, and which take its answers.

Rule: found before the plan, from marks (jobs/media/marks.py); a job's are in its folder, and never change.
"""
