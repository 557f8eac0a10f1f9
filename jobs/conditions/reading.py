"""From text to a condition, checked word by word against the catalogue: a small recursive parser.

    condition  = every {"or" every}                   every = term {"and" term}
    term       = ["not"] (test | "(" condition ")")
    test       = api "has" found | "count" "(" api ["has" found] ")" OP NUMBER | api "." COLUMN OP VALUE
    api        = API | "local" "." API
    found      = ("any" | NAME) [OP NUMBER] ["where" row]
    row        = COLUMN OP VALUE | "(" rows ")"       rows: as a condition, of tests of one row's columns

Rule: what cannot be read, or names what no table has, is a usage error that says what there is.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from math import isfinite
from typing import NoReturn, TypeVar, cast

from jobs.apis import catalogue, local_catalogue, readable, video_catalogue
from jobs.apis.base import Api
from jobs.apis.columns import FLAG, TEXT, Column
from jobs.apis.local import LOCAL
from jobs.conditions.columns import row_columns
from jobs.conditions.tree import All, Any, Compared, Condition, Counted, Has, InShort, Not, Op, Rows, RowTest, Value
from jobs.errors import UsageError
from jobs.words import short

_TOKEN = re.compile(
    r"""\s*(?: (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
             | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
             | (?P<word>\w[\w-]*)
             | (?P<sign>>=|<=|!=|[=<>().])
             | (?P<end>$) )""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = frozenset({"and", "or", "not", "has", "any", "where", "count", "true", "false", "contains"})
_ORDER: tuple[str, ...] = ("=", "!=", ">=", "<=", ">", "<")
_OPS: Mapping[str, tuple[str, ...]] = {TEXT: ("=", "!=", "contains"), FLAG: ("=", "!=")}
_DEEP, _LONG = 40, 10_000  # parentheses, and characters, that no person writes
_SEE = "docs/conditions.md has the language, docs/data-dictionary.md the columns."

Term = TypeVar("Term", Condition, RowTest)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, number, word, sign or end
    text: str  # of a quoted text, what stands between the quotes
    at: int

    def is_(self, *words: str) -> bool:
        return self.kind in ("word", "sign") and self.text in words


@cache
def parse(text: str) -> Condition:
    """`labels has Person >= 60 and not faces has any`. Raises UsageError."""
    if len(text) > _LONG:
        raise UsageError(f"a condition of {len(text):,} characters", f"Write at most {_LONG:,}.")
    return _Reader(text).whole()


class _Reader:
    """One text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0
        self._depth = 0

    def whole(self) -> Condition:
        found = self._joined(self._test)
        if self._now.kind != "end":
            self._fail("the condition should end here, or go on with and, or")
        return found

    def _split(self) -> Iterable[_Token]:
        at = 0
        while True:
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise self._error(at, "no word, number or sign of the language")
            kind = cast(str, found.lastgroup)
            said = found[kind]
            if kind == "text":
                said = re.sub(r"\\(.)", r"\1", said[1:-1], flags=re.DOTALL)
            yield _Token(kind, said, found.start(kind))
            if kind == "end":
                return
            at = found.end()

    # --- and, or, not, parentheses: the same of conditions and of tests of a row

    def _joined(self, test: Callable[[], Term]) -> Term:
        """Terms joined by or, each of terms joined by and."""
        either = [self._all_of(test)]
        while self._took("or"):
            either.append(self._all_of(test))
        return either[0] if len(either) == 1 else cast(Term, Any(tuple(either)))

    def _all_of(self, test: Callable[[], Term]) -> Term:
        every = [self._term(test)]
        while self._took("and"):
            every.append(self._term(test))
        return every[0] if len(every) == 1 else cast(Term, All(tuple(every)))

    def _term(self, test: Callable[[], Term]) -> Term:
        self._depth += 1
        if self._depth > _DEEP:
            self._fail(f"more than {_DEEP} parentheses inside each other")
        try:
            if self._took("not"):
                return cast(Term, Not(self._term(test)))
            if self._took("("):
                found = self._joined(test)
                self._take(")")
                return found
            return test()
        finally:
            self._depth -= 1

    # --- tests

    def _test(self) -> Condition:
        if self._took("count"):
            return self._count()
        api = self._api()
        if self._took("."):
            return InShort(api.name, self._compared({c.name: c for c in api.brief_columns}, f"{api.name} in `images`"))
        self._take("has")
        return Has(self._found(api))

    def _count(self) -> Counted:
        self._take("(")
        api = self._api()
        rows = self._found(api) if self._took("has") else Rows(api.name)
        self._take(")")
        return Counted(rows, self._op(_ORDER), self._number())

    def _found(self, api: Api) -> Rows:
        name = None if self._took("any") else self._name(api)
        confidence = None
        if self._now.is_(*_ORDER):
            if api.confidence_column is None:
                self._fail(f"{api.name} has no confidence")
            confidence = self._op(_ORDER), self._number(percent=True)
        where = None
        if self._took("where"):
            columns = row_columns(api)
            where = self._term(lambda: cast(RowTest, self._compared(columns, f"table {api.table}")))
        return Rows(api.name, name, confidence, where)

    def _name(self, api: Api) -> str:
        if api.name_column is None:
            self._fail(f"rows of {api.name} have no name: write any, and where with a column")
        token = self._now
        if token.kind not in ("text", "word") or (token.kind == "word" and token.text in _KEYWORDS):
            self._fail("a name should stand here, or any (quote a name of several words)")
        return self._take_any().text

    def _compared(self, columns: Mapping[str, Column], where: str) -> Compared:
        token = self._now
        if token.kind != "word":
            self._fail(f"a column of {where} should stand here")
        column = columns.get(token.text)
        if column is None:
            raise self._unknown(token, "column", columns, f" of {where}")
        self._next += 1
        op = self._op(_OPS.get(column.kind, _ORDER))
        return Compared(column.name, op, self._value(column))

    def _value(self, column: Column) -> Value:
        token = self._now
        if column.kind == TEXT:
            if token.kind != "text" and (token.kind != "word" or token.text in _KEYWORDS):
                self._fail(f"{column.name} is compared with a text")
            return self._take_any().text
        if column.kind == FLAG:
            if not token.is_("true", "false"):
                self._fail(f"{column.name} is true or false")
            return self._take_any().text == "true"
        return self._number(percent=column.percent)

    def _api(self) -> Api:
        token = self._now
        if token.kind != "word" or token.text in _KEYWORDS:
            self._fail("an API should stand here: labels has Person")
        if token.text == LOCAL:
            return self._local()
        api = catalogue().get(token.text)
        if api is None:
            if token.text in video_catalogue():
                self._fail(f"{token.text} is for stored video, and conditions are about pictures")
            raise self._unknown(token, "API", readable())
        self._next += 1
        return api

    def _local(self) -> Api:
        """What the bundled models answer: `local.faces`."""
        self._next += 1
        self._take(".")
        token = replace(self._now, text=f"{LOCAL}.{self._now.text}")
        api = local_catalogue().get(token.text)
        if api is None:
            raise self._unknown(token, "answer of the bundled models", local_catalogue())
        self._next += 1
        return api

    def _op(self, ops: Iterable[str]) -> Op:
        if not self._now.is_(*ops):
            self._fail(f"one of {' '.join(ops)} should stand here")
        return cast(Op, self._take_any().text)

    def _number(self, *, percent: bool = False) -> float:
        if self._now.kind != "number" or not isfinite(float(self._now.text)):
            self._fail("a number should stand here")
        if percent and not 0 <= float(self._now.text) <= 100:
            self._fail("confidences and other shares are in percent, 0 to 100")
        return float(self._take_any().text)

    # --- tokens

    @property
    def _now(self) -> _Token:
        return self._tokens[self._next]

    def _take_any(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _took(self, word: str) -> bool:
        found = self._now.is_(word)
        self._next += found
        return found

    def _take(self, word: str) -> None:
        if not self._took(word):
            self._fail(f"{word} should stand here")

    # --- errors

    def _fail(self, why: str) -> NoReturn:
        raise self._error(self._now.at, why)

    def _unknown(self, token: _Token, what: str, there: Iterable[str], where: str = "") -> UsageError:
        names = list(there)
        near = get_close_matches(token.text.lower(), names, 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        why = f"there is no {what} {token.text!r}{where}"
        return self._error(token.at, why, f"{meant}There are: {', '.join(names)}.")

    def _error(self, at: int, why: str, do: str = _SEE) -> UsageError:
        before, rest = self._text[:at], self._text[at:]
        where = f"at {short(rest, 40)!r}" if rest.strip() else "at its end"
        return UsageError(f"condition {short(before + rest, 120)!r}, {where}: {why}", do)
