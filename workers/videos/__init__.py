"""Stored video: jobs at AWS that are started once, looked at rarely and read to the end.

    shard of films -> slot -> start, by its token -> looks -> pages, into a file -> row -> part

Rule: while AWS works a film costs a few kilobytes of memory and no thread, no lane and no message.
"""
