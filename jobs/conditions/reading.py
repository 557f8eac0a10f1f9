"""From text to a condition, checked word by word against the catalogue: a small recursive parser.

    condition  = every {"or" every}                   every = term {"and" term}
    term       = ["not"] (test | "(" condition ")")
    test       = api "has" found | "count" "(" api ["has" found] ")" OP NUMBER | api "." COLUMN OP VALUE
    api        = API | "local" "." API
    found      = ("any" | NAME) [OP NUMBER] ["where" row]
    row        = COLUMN OP VALUE | "(" rows ")"       rows: as a condition, of tests of one row's columns

Rule: what cannot be read, or names what no table has, is a usage error that says what there is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from math import isfinite
from typing import NoReturn, TypeVar, cast

from jobs.apis import catalogue, local_catalogue, readable, video_catalogue
from jobs.apis.base import Api
from jobs.apis.columns import FLAG, TEXT, Column
from jobs.apis.local import LOCAL
from jobs.conditions.columns import row_columns
from jobs.conditions.tokens import KEYWORDS, Token, error, tokens
from jobs.conditions.tree import All, Any, Compared, Condition, Counted, Has, InShort, Not, Op, Rows, RowTest, Value
from jobs.errors import UsageError
from jobs.words import did_you_mean

_ORDER: tuple[str, ...] = ("=", "!=", ">=", "<=", ">", "<")
_OPS: Mapping[str, tuple[str, ...]] = {TEXT: ("=", "!=", "contains"), FLAG: ("=", "!=")}
_DEEP, _LONG = 40, 10_000  # parentheses, and characters, that no person writes
_EXAMPLES = "Write, for instance, labels has Person >= 60, or faces has any."

Term = TypeVar("Term", Condition, RowTest)


@cache
def parse(text: str) -> Condition:
    """`labels has Person >= 60 and not faces has any`. Whether it makes sense: sense.py. Raises UsageError."""
    if len(text) > _LONG:
        raise UsageError(f"a condition of {len(text):,} characters", f"Write at most {_LONG:,}.")
    return _Reader(text).whole()


class _Reader:
    """One text, read from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0
        self._depth = 0
        self._rows_of: Api | None = None  # whose rows were tested last

    def whole(self) -> Condition:
        if self._now.kind == "end":
            self._fail("it is empty", _EXAMPLES)
        found = self._joined(self._test)
        if self._now.is_(")"):
            self._fail("this ) closes nothing")
        if self._now.kind != "end":
            self._fail("the condition should end here, or go on with and, or")
        return found

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
            opened = self._now
            if self._took("("):
                found = self._joined(test)
                self._close(opened)
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
        if not self._took("has"):
            ways = f"{api.name} has NAME, {api.name} has any, {api.name}.COLUMN or count({api.name})"
            self._fail(f"has should stand here: write {ways}")
        return Has(self._found(api))

    def _count(self) -> Counted:
        opened = self._now
        self._take("(")
        api = self._api()
        rows = self._found(api) if self._took("has") else Rows(api.name)
        if self._now.is_(*_ORDER) and rows.every:
            self._fail(f"it stands behind the parentheses: count({api.name}) {self._now.text} ...")
        self._close(opened)
        return Counted(rows, self._op(_ORDER), self._number())

    def _found(self, api: Api) -> Rows:
        self._rows_of = api
        name = None if self._took("any") else self._name(api)
        confidence = None
        if self._now.is_(*_ORDER):
            if api.confidence_column is None:
                self._fail(f"{api.name} has no confidence")
            confidence = self._op(_ORDER), self._number("a confidence in percent, 0 to 100, should stand here")
        where = None
        if self._took("where"):
            columns = row_columns(api)
            where = self._term(lambda: cast(RowTest, self._compared(columns, f"table {api.table}")))
        return Rows(api.name, name, confidence, where)

    def _name(self, api: Api) -> str:
        if api.name_column is None:
            self._fail(f"rows of {api.name} have no name: write any, and where with a column")
        token = self._now
        if token.is_("not"):
            self._fail(f"not stands before it: not {api.name} has ...")
        if token.is_("("):
            self._fail(f"write the API before each name: {api.name} has A or {api.name} has B")
        if token.kind == "number":
            self._fail(f'a name that is a number stands in quotes: "{token.text}"')
        if not token.is_text:
            self._fail("a name should stand here, or any (quote what is no single word)")
        return self._take_text()

    def _compared(self, columns: Mapping[str, Column], where: str) -> Compared:
        token = self._now
        if token.kind != "word":
            self._fail(f"a column of {where} should stand here")
        column = columns.get(token.text)
        if column is None:
            raise self._unknown(token, "column", columns, f" of {where}", self._elsewhere(token.text, where))
        self._next += 1
        op = self._op(_OPS.get(column.kind, _ORDER))
        return Compared(column.name, op, self._value(column))

    def _value(self, column: Column) -> Value:
        token = self._now
        if column.kind == TEXT:
            if not token.is_text:
                self._fail(f"{column.name} is compared with a text: a word, or what stands in quotes")
            return self._take_text()
        if column.kind == FLAG:
            if not token.is_("true", "false"):
                self._fail(f"{column.name} is true or false")
            return self._take_any().text == "true"
        return self._number(f"{column.name} ({column.doc}) is compared with a number")

    def _take_text(self) -> str:
        """A quoted text, or a word that stands alone."""
        first = self._take_any()
        words = [first.text]
        for token in self._tokens[self._next :]:
            if first.kind == "text" or token.kind not in ("word", "number") or token.text in KEYWORDS:
                break
            words.append(token.text)
        if len(words) > 1:
            number = f", or write >= {words[1]}" if len(words) == 2 and self._now.kind == "number" else ""
            self._next -= 1
            self._fail(f'quote what has several words: "{" ".join(words)}"{number}')
        return first.text

    def _api(self) -> Api:
        token = self._now
        if token.kind != "word" or token.text in KEYWORDS:
            self._fail("an API should stand here: labels has Person")
        if token.text == LOCAL:
            return self._local()
        api = catalogue().get(token.text)
        if api is None:
            if token.text in video_catalogue():
                self._fail(f"{token.text} is for stored video, and conditions are about pictures")
            raise self._unknown(token, "API", readable(), hint=self._no_api(token.text))
        self._next += 1
        return api

    def _no_api(self, word: str) -> str:
        """What may be meant by a word where an API should stand."""
        before = self._rows_of
        named = next((api.name for api in readable().values() if api.operation == word), None)
        if named:
            return f"Write {named}."
        if before and word in row_columns(before):
            return f"Several columns of a row stand in parentheses: {before.name} has any where (... and {word} ...)."
        if any(word in row_columns(api) for api in readable().values()):
            return f"A column stands behind rows: API has any where {word} ..."
        return f"Write the API before each name: {before.name} has {word}." if before else ""

    def _elsewhere(self, word: str, where: str) -> str:
        """A column that the other kind of table has."""
        for api in readable().values():
            if where == f"table {api.table}" and word in {column.name for column in api.brief_columns}:
                return f"{word} is in `images`: {api.name}.{word}."
            if where == f"{api.name} in `images`" and word in row_columns(api):
                return f"{word} is of each row: {api.name} has any where {word} ..."
        return ""

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

    def _number(self, why: str = "a number should stand here") -> float:
        if self._now.kind != "number" or not isfinite(float(self._now.text)):
            self._fail(why)
        return float(self._take_any().text)

    # --- tokens

    @property
    def _now(self) -> Token:
        return self._tokens[self._next]

    def _take_any(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _took(self, word: str) -> bool:
        found = self._now.is_(word)
        self._next += found
        return found

    def _take(self, word: str) -> None:
        if not self._took(word):
            self._fail(f"{word} should stand here")

    def _close(self, opened: Token) -> None:
        if self._now.kind == "end":
            raise error(self._text, opened.at, "this ( is not closed")
        self._take(")")

    # --- errors

    def _fail(self, why: str, *do: str) -> NoReturn:
        raise error(self._text, self._now.at, why, *do)

    def _unknown(self, token: Token, what: str, there: Iterable[str], where: str = "", hint: str = "") -> UsageError:
        names = list(there)
        why = f"there is no {what} {token.text!r}{where}"
        return error(
            self._text, token.at, why, hint or f"{did_you_mean(token.text, names)}There are: {', '.join(names)}."
        )
