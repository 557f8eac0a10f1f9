"""The schedule that all calls of a quota share, kept in Redis.

Rule: Redis's clock alone counts.
"""
