"""Replies of Redis that cannot have changed since they were heard: nobody has written to their key.

Rule: only what Redis said is remembered, and any command that is not known to read forgets what was said of its keys.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

Command = Sequence[Any]

UNKNOWN = object()
_READ = {"HGETALL", "HGET", "HMGET", "ZCARD", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE", "SMEMBERS", "EXISTS", "LLEN"}
_OF_THE_SERVER = {"INFO", "PING"}
_OF_MANY = {"DEL", "UNLINK", "WATCH"}
_SCRIPT = {"EVALSHA", "EVAL"}


class Memo:
    def __init__(self) -> None:
        self._replies: dict[tuple[Any, ...], Any] = {}
        self._of_key: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)

    def reply(self, command: Command) -> Any:
        """What Redis would say, or UNKNOWN; then it is to be asked."""
        found = self._replies.get(tuple(command), UNKNOWN)
        if found is UNKNOWN:
            if command[0] not in _READ:
                self.wrote(command)
            return UNKNOWN
        return found.copy() if isinstance(found, (dict, list, set)) else found

    def heard(self, command: Command, reply: Any) -> None:
        name = command[0]
        if (name in _READ and len(command) > 1) or (name == "LPOP" and reply is None):
            self._of_key[_text(command[1])].append(tuple(command))
        elif name not in _OF_THE_SERVER:
            return
        self._replies[tuple(command)] = reply.copy() if isinstance(reply, (dict, list, set)) else reply

    def wrote(self, command: Command) -> None:
        for key in _keys(command):
            self.forget(key)

    def forget(self, key: Any) -> None:
        for command in self._of_key.pop(_text(key), ()):
            self._replies.pop(command, None)

    def forget_all(self) -> None:
        self._replies.clear()
        self._of_key.clear()


def _keys(command: Command) -> Iterator[Any]:
    name = command[0]
    if name in _SCRIPT:
        yield from command[3 : 3 + int(command[2])]
    elif name in _OF_MANY:
        yield from command[1:]
    elif len(command) > 1:
        yield command[1]


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)
