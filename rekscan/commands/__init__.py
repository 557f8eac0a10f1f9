"""One module per command, named after what the user types.

Rule: a command reads its options and prints; what it does lives in the packages below.
"""
