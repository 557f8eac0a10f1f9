"""The words, numbers, texts and signs of a condition, and errors that point at one of them.

Rule: what other languages write is no token here: the error says what to write for it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from jobs.errors import UsageError
from jobs.words import short

KEYWORDS = frozenset({"and", "or", "not", "has", "any", "where", "count", "true", "false", "contains"})
_TOKEN = re.compile(
    r"""\s*(?: (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
             | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
             | (?P<word>\w[\w-]*)
             | (?P<sign>>=|<=|!=|[=<>().])
             | (?P<end>$) )""",
    re.VERBOSE | re.DOTALL,
)
_FOREIGN = re.compile(r"\s*(?P<sign>==|=>|=<|<>|&&?|\|\|?|!(?!=)|[~≥≤≠%,;])")
_INSTEAD: Mapping[str, str] = {
    "==": "=", "=>": ">=", "≥": ">=", "=<": "<=", "≤": "<=", "<>": "!=", "≠": "!=", "&": "and", "&&": "and", "|": "or",
    "||": "or", "!": "not", "~": "contains", "%": "the number alone", ",": "and, or or,", ";": "and, or or,",
}  # fmt: skip
_SEE = "docs/conditions.md has the language, docs/data-dictionary.md the columns."


@dataclass(frozen=True, slots=True)
class Token:
    kind: str  # text, number, word, sign or end
    text: str  # of a quoted text, what stands between the quotes
    at: int

    def is_(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text in words

    @property
    def is_text(self) -> bool:
        """Whether it may be a name, or what a column is compared with."""
        return self.kind == "text" or (self.kind == "word" and self.text not in KEYWORDS)


def tokens(text: str) -> Iterator[Token]:
    """Those of a condition, `end` last. Raises UsageError."""
    at = 0
    while True:
        if foreign := _FOREIGN.match(text, at):
            sign = foreign["sign"]
            raise error(text, foreign.start("sign"), f"write {_INSTEAD[sign]} instead of {sign}")
        found = _TOKEN.match(text, at)
        if found is None:
            raise _no_token(text, at)
        kind = cast(str, found.lastgroup)
        said = found[kind]
        if kind == "text":
            said = re.sub(r"\\(.)", r"\1", said[1:-1], flags=re.DOTALL)
        if kind == "word" and said not in KEYWORDS and said.lower() in KEYWORDS:
            why = f'write {said.lower()} in small letters, or "{said}" in quotes where it is a name'
            raise error(text, found.start(kind), why)
        yield Token(kind, said, found.start(kind))
        if kind == "end":
            return
        at = found.end()


def error(text: str, at: int, why: str, do: str = _SEE) -> UsageError:
    """What is wrong with a condition, and where."""
    rest = text[at:]
    where = f"at {short(rest, 40)!r}" if rest.strip() else "at its end"
    return UsageError(f"condition {short(text, 120)!r}, {where}: {why}", do)


def _no_token(text: str, at: int) -> UsageError:
    rest = text[at:].lstrip()
    why = "this quote is not closed" if rest[0] in "\"'" else "no word, number or sign of the language"
    return error(text, len(text) - len(rest), f"{why} (a name with other signs stands in quotes)")
