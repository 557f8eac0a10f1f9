"""Intents and answers of calls, written to Redis many at a time.

Rule: an intent stands in Redis before its call is sent, and an answer before the shard's part is written.
"""
