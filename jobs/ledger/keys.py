"""The names of all keys in Redis. Rule: nothing else writes `rekscan:` before a key.

A key's tag, in braces, picks its slot in a Redis Cluster: keys with one tag are on one server, where a script or a
transaction may touch all of them. Each job has a tag of its own, and so has each gate
and each home's purse.
"""


def key(tag: str, *parts: object) -> str:
    """`rekscan:{tag}:part:part`"""
    return ":".join([f"rekscan:{{{tag}}}", *map(str, parts)])
