"""What a scan will do, cost and take: a value, built without a paid call.

Rule: `estimate`, `scan --dry-run` and `scan` build the same Plan.
"""
