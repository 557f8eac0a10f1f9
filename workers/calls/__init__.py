"""One call after another: prepared, let through the gate, intended, sent, answered.

Rule: every attempt passes the gate and writes its intent first, retries too.
"""
