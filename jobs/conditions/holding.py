"""Whether a condition holds for a picture, by the answers on it. Pure.

Rule: what an answer would say that never came is not known, and stays so unless the other answers decide: true, false
or None, by Kleene's logic. Names and texts are compared without regard to case.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any as Anything

from jobs.apis import readable
from jobs.apis.base import Api
from jobs.apis.columns import Column
from jobs.conditions.columns import cell, row_columns
from jobs.conditions.tree import (
    All,
    Any,
    Compared,
    Condition,
    Counted,
    Has,
    InShort,
    Not,
    Op,
    Rows,
    RowTest,
    Value,
    reads,
)

Answer = Mapping[str, Anything]
Row = tuple[Anything, ...]
_COMPARE: Mapping[Op, Callable[[Anything, Anything], bool]] = {"=": eq, "!=": ne, ">=": ge, "<=": le, ">": gt, "<": lt}


def holds(condition: Condition, answers: Mapping[str, Answer | None]) -> bool | None:
    """`answers`: AWS's response by API, empty where nothing was found; None, or missing, where it is not known."""
    match condition:
        case Has(rows):
            return _of(answers.get(rows.api), lambda answer: any(True for _ in _found(rows, answer)))
        case Counted(rows, op, number):
            return _of(answers.get(rows.api), lambda answer: _COMPARE[op](sum(1 for _ in _found(rows, answer)), number))
        case InShort(name, compared):
            api = readable()[name]
            return _of(answers.get(name), lambda answer: _in_short(api, compared, answer))
        case Not(term):
            inner = holds(term, answers)  # type: ignore[arg-type]  # a condition has conditions in it
            return None if inner is None else not inner
        case All(terms):
            return _joined((holds(term, answers) for term in terms), decides=False)  # type: ignore[arg-type]
        case Any(terms):
            return _joined((holds(term, answers) for term in terms), decides=True)  # type: ignore[arg-type]


def is_due(condition: Condition, answers: Mapping[str, Answer | None]) -> bool | None:
    """Whether a call under it is to be made; None: not known. What only the bundled models leave open is asked."""
    held = holds(condition, answers)
    if held is None and all(readable()[name].local for name in reads(condition) if answers.get(name) is None):
        return True
    return held


def _found(rows: Rows, answer: Answer) -> Iterable[Row]:
    """The rows of an answer that are meant."""
    api = readable()[rows.api]
    for row in api.rows(answer):
        if rows.name is not None and not compares(cell(api, row, api.name_column or ""), "=", rows.name):
            continue
        if rows.confidence is not None and not compares(cell(api, row, api.confidence_column or ""), *rows.confidence):
            continue
        if rows.where is None or _of_row(api, rows.where, row):
            yield row


def _of(answer: Answer | None, test: Callable[[Answer], bool]) -> bool | None:
    return None if answer is None else test(answer)


def _joined(terms: Iterable[bool | None], *, decides: bool) -> bool | None:
    """`decides`: the value that is enough, whatever the others are."""
    seen = set()
    for term in terms:
        if term is decides:
            return decides
        seen.add(term)
    return None if None in seen else not decides


def _in_short(api: Api, compared: Compared, answer: Answer) -> bool:
    place, column = next((n, c) for n, c in enumerate(api.brief_columns) if c.name == compared.column)
    return _compared(api.brief(answer)[place], compared, column)


def _of_row(api: Api, test: RowTest, row: Row) -> bool:
    match test:
        case Compared(name):
            return _compared(cell(api, row, name), test, row_columns(api)[name])
        case Not(term):
            return not _of_row(api, term, row)  # type: ignore[arg-type]  # a test of a row has such tests in it
        case All(terms):
            return all(_of_row(api, term, row) for term in terms)  # type: ignore[arg-type]
        case Any(terms):
            return any(_of_row(api, term, row) for term in terms)  # type: ignore[arg-type]


def _compared(content: Anything, compared: Compared, column: Column) -> bool:
    """Of a column that has several values (`Animal; Pet`) one must be so; for `!=`, none the other."""
    op, value = compared.op, compared.value
    if not (column.several and isinstance(content, str)):
        return compares(content, op, value)
    each = content.split("; ")
    said = (compares(one, op, value) for one in each)
    return all(said) if op == "!=" else any(said)


def compares(content: Anything, op: Op, value: Value) -> bool:
    """Of what is empty nothing is true."""
    if content is None:
        return False
    if not isinstance(value, str):
        return _COMPARE[op](content, value)
    text, wanted = str(content).casefold(), value.casefold()
    return wanted in text if op == "contains" else _COMPARE[op](text, wanted)
