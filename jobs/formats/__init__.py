"""Which kind of file something is: by its name while listing, by its first bytes before it is paid for.

Rule: the bytes decide.
"""
