"""The catalogue's rows of stored video, one file each: priced, and not to be scanned with yet.

Each table says when: `timestamp_ms` of what was seen at a moment, `start_ms` and `end_ms` of what lasted.
"""
