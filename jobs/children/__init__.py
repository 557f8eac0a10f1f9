"""Disposable child processes: how one is started, and how it is talked to.

Rule: what a child does to itself (memory, crash, a C library's loop) never reaches its parent.
"""
