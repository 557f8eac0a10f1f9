"""What a file really is, and what must be done so that Rekognition takes it.

Rule: `sniff` and `check` are pure; whatever decodes runs in a disposable child process (`pool`), never here.
Import from the modules; this file stays empty so that a decoding child starts fast.
"""
