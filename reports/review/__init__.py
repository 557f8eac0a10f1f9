"""A person's verdicts on what was found: the sheet they are written on, and what follows from them.

Rule: every share that is printed comes with its interval.
"""
