"""What a job found, counted from its tables as plain values.

Rule: no value here knows how it will be shown.
"""
