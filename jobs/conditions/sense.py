"""Conditions that are the same of every picture, or compare with what a column never is: refused as they are typed.

Rule: what cannot be told passes. A condition of a job that is there was looked at when it was made, by whatever was
known then, and is not looked at again.
"""

from collections.abc import Mapping

from jobs.apis import readable
from jobs.apis.base import Api, Params
from jobs.apis.columns import FLAG, FROM_0, PERCENT, RATIO, WHOLE, Column
from jobs.conditions.columns import row_columns
from jobs.conditions.holding import compares
from jobs.conditions.tree import All, Compared, Condition, Counted, Has, InShort, Rows, RowTest
from jobs.conditions.ways import Comparison, Subject, Term, can_be, leaves, terms
from jobs.errors import UsageError
from jobs.words import did_you_mean

_FEW = 20  # names that an error lists
Asked = Mapping[str, Params]  # parameters of what is asked, by API


def refuse_senseless(condition: Condition, asked: Asked) -> None:
    """Raises UsageError."""
    tests: dict[Term, Comparison] = {}
    for leaf in leaves(condition):
        if isinstance(leaf, Has | Counted):
            _refuse_rows(leaf.rows, asked)
        if not isinstance(leaf, Compared):  # which is of a row
            tests[leaf] = _test(leaf, asked)
            _refuse_value(tests[leaf], str(leaf))
    for term in terms(condition):
        _refuse_constant(term, tests, str(term))


def _refuse_rows(rows: Rows, asked: Asked) -> None:
    """Where no row can be so."""
    api, own = readable()[rows.api], list[RowTest]()
    if rows.name is not None and api.name_column:
        own.append(Compared(api.name_column, "=", rows.name))
    if rows.confidence is not None and api.confidence_column:
        own.append(Compared(api.confidence_column, *rows.confidence))
    whole = All((*own, *([] if rows.where is None else [rows.where])))
    written: dict[Term, str] = {test: str(rows) for test in (whole, *own)}
    tests: dict[Term, Comparison] = {
        leaf: _of_row(api, leaf, asked) for leaf in leaves(whole) if isinstance(leaf, Compared)
    }
    for leaf, test in tests.items():
        _refuse_value(test, written.get(leaf, str(leaf)))
    for term in terms(whole) if tests else ():
        _refuse_constant(term, tests, written.get(term, str(term)))


def _refuse_value(test: Comparison, text: str) -> None:
    """A comparison with what is never there."""
    subject, value, bounds = test.subject, test.value, test.subject.range
    if isinstance(value, str):
        if subject.values and test.op != "contains" and not any(compares(one, "=", value) for one in subject.values):
            names = (
                f": {', '.join(subject.values)}" if len(subject.values) <= _FEW else f" {len(subject.values):,} others"
            )
            there = f"{did_you_mean(value, subject.values)}There are{names}."
            raise UsageError(f"{text}: {subject.name} is never {value!r}", there)
        if (test.op != "contains" and value != value.strip()) or not value:
            raise UsageError(f"{text}: no cell has a text that is empty, or begins or ends with a space")
    elif bounds is not None:
        if (bounds.low is not None and value < bounds.low) or (bounds.high is not None and value > bounds.high):
            share = f"Write {value / 100:g} for {value:g} %." if bounds is RATIO and 2 <= value <= 100 else ""
            raise UsageError(f"{text}: {subject.name} is {bounds.text}", share)
        if bounds is PERCENT and 0 < value < 1 and not (subject.least is not None and subject.least < 1):
            raise UsageError(
                f"{text}: {subject.name} is {bounds.text}", f"Write {value * 100:g} for {value * 100:g} %."
            )


def _refuse_constant(term: Term, tests: Mapping[Term, Comparison], text: str) -> None:
    """What is the same whatever there is."""
    found = can_be(term, tests)
    if len(found) > 1:
        return
    why = f": {_said(tests[term].subject)}" if term in tests else ""
    do = "It tells no picture from another." if True in found else "Nothing would be asked under it."
    raise UsageError(f"{text} is {'always' if True in found else 'never'} true{why}", do)


def _said(subject: Subject) -> str:
    """What it can be."""
    if subject.range is None:
        return f"{subject.name} is {' or '.join(subject.values) or 'any text'}"
    here = f", and under {subject.least:g} none is asked for (min_confidence)" if subject.least else ""
    return f"{subject.name} is {subject.range.text}{here}"


def _test(leaf: Has | Counted | InShort, asked: Asked) -> Comparison:
    """What it compares: a number of rows, or a column of `images`."""
    match leaf:
        case Has(rows):
            return Comparison(_count(rows), ">=", 1.0)
        case Counted(rows, op, number):
            return Comparison(_count(rows), op, number)
        case InShort(name, compared):
            api = readable()[name]
            place, column = next((n, c) for n, c in enumerate(api.brief_columns) if c.name == compared.column)
            _refuse_unasked(api, column, asked)
            return _compared(compared, column, f"{name}.{column.name}", empty=api.brief({})[place] is None)


def _refuse_unasked(api: Api, column: Column, asked: Asked) -> None:
    if column.name in api.unasked(asked[api.name]):
        raise UsageError(
            f"{column.name} of {api.name} stays empty: its parameters do not ask for it",
            f"docs/apis.md has the parameters of {api.name}.",
        )


def _count(rows: Rows) -> Subject:
    return Subject(str(rows), "a count", WHOLE, FROM_0, empty=False)


def _of_row(api: Api, compared: Compared, asked: Asked) -> Comparison:
    column = row_columns(api)[compared.column]
    _refuse_unasked(api, column, asked)
    least = asked[api.name][api.floor] if api.floor and column.name == api.confidence_column else None
    return _compared(compared, column, column.name, least=least)


def _compared(
    compared: Compared, column: Column, name: str, *, least: float | None = None, empty: bool = True
) -> Comparison:
    if column.several or (compared.op == "contains" and not column.values):  # texts that may have others in them
        return Comparison(Subject(str(compared), name, FLAG, empty=empty), "=", True)
    return Comparison(
        Subject(name, name, column.kind, column.bounds, column.values, least, empty), compared.op, compared.value
    )
