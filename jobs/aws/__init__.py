"""AWS, asked from one place: clients, what their errors mean, and what an account can tell of itself.

Rule: clients are made here alone; a job's paid calls are retried by `workers.calls` alone.
"""
