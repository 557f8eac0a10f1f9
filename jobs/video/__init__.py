"""What a film is before it is paid for: its length, whether Rekognition takes it. `probe.Prober` is the way in.

Rule: read from the boxes of its header by a few ranged reads, whatever the film's size; nothing is decoded. Pictures
out of it, for the report, are `stills.py`'s, which decodes in disposable processes.
Import from the modules; this file stays empty so that a decoding child starts fast.
"""
