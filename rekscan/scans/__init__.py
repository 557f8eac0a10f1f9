"""A scan from the order to its end, stage by stage, as the command line and Python start it.

Rule: nothing is paid for before the plan is approved.
"""
