"""Doing it: processes that run shards, however many there are and however they end.

Rule: a process may be killed at any line; what it owes stands in Redis or in the job's folder.
"""
