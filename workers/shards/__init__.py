"""A shard from its lease to its result part, and the job's last step.

Rule: a part is committed only under the lease; the first writer wins.
"""
