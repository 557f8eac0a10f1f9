"""Replies of Redis that cannot have changed since they were heard: it says itself when somebody has written to a key
that was read (`CLIENT TRACKING`).

A round trip costs more than what is asked in it, so each takes along the questions whose answers have become old, where
somebody has asked them since the write before.
Rule: only what Redis said is remembered. Of a command that found nothing to change, which Redis takes for no question,
that is remembered until another names the key.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Command = Sequence[Any]

UNKNOWN = object()
READ = {"GET", "HGETALL", "HGET", "HMGET", "ZCARD", "ZRANGE", "ZRANGEBYSCORE", "ZSCORE", "SMEMBERS", "EXISTS", "LLEN"}
_OF_THE_SERVER = {"INFO", "PING"}
_OF_MANY = {"DEL", "UNLINK", "WATCH"}
_SCRIPT = {"EVALSHA", "EVAL"}


class Memo:
    def __init__(self) -> None:
        self._replies: dict[tuple[Any, ...], Any] = {}
        self._of_key: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)
        self._wanted: set[tuple[Any, ...]] = set()  # since they were last heard
        self._old: dict[tuple[Any, ...], None] = {}
        self._in_vain: defaultdict[Any, list[tuple[Any, ...]]] = defaultdict(list)  # by key

    def reply(self, command: Command) -> Any:
        """What Redis would say, or UNKNOWN; then it is to be asked."""
        asked = tuple(command)
        found = self._replies.get(asked, UNKNOWN)
        if asked[0] in READ:
            self._wanted.add(asked)
        elif found is UNKNOWN:
            self.wrote(command)
        return found.copy() if isinstance(found, (dict, list, set)) else found

    def take_old(self) -> list[tuple[Any, ...]]:
        """What is to be asked again, in whatever round trip comes next."""
        old, self._old = list(self._old), {}
        return old

    def heard(self, command: Command, reply: Any) -> None:
        asked = tuple(command)
        name = asked[0]
        if name in READ:
            self._of_key[_text(asked[1])].append(asked)
        elif reply is None and (name == "LPOP" or (name == "SET" and "NX" in asked)):
            self._in_vain[_text(asked[1])].append(asked)
        elif name not in _OF_THE_SERVER:
            return
        self._replies[asked] = reply.copy() if isinstance(reply, (dict, list, set)) else reply

    def wrote(self, command: Command) -> None:
        for key in _keys(command):
            for asked in self._in_vain.pop(_text(key), ()):
                self._replies.pop(asked, None)

    def forget(self, keys: Iterable[Any] | None) -> None:
        """Redis says that these have changed; None: all."""
        if keys is None:
            self.forget_all()
        for key in keys or ():
            for asked in self._of_key.pop(_text(key), ()):
                self._replies.pop(asked, None)
                if asked in self._wanted:
                    self._wanted.remove(asked)
                    self._old[asked] = None

    def forget_all(self) -> None:
        for of_all in (self._replies, self._of_key, self._wanted, self._old, self._in_vain):
            of_all.clear()


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
