"""The first line of everything: what was found, in words a person would say.

Rule: pure, made from counts, and no API is named: its words are its own (`Api.sights`). What was not asked or not
answered is never said to be nothing.
"""

from collections.abc import Iterator

from jobs.words import count, short
from reports.facts.values import Facts, Outlook, Seen

NAMES = 3  # told of a sight


def headline(facts: Facts, *, min_confidence: float | None = None, note: str = "") -> str:
    """`26 of 29 pictures answered: people in 9, text in 11, nothing flagged as unsafe; 2 files could not be read.`

    `min_confidence`: findings below it are not in the tables. `note`: a sentence to end with.
    """
    drawn = f"in {facts.whole.sample}, " if facts.whole else ""
    line = drawn + _answered(facts.outlook) + _found(facts, min_confidence)
    text = "; ".join([line, *_others(facts.outlook)])
    return f"{text[0].upper()}{text[1:]}." + (f" {note}" if note else "")


def _answered(of: Outlook) -> str:
    noun = f"{of.noun}{'s' * (of.asked != 1)}"
    if not of.asked:
        return f"no {of.noun} to ask about"
    if not of.answered:
        return f"none of {count(of.asked)} {noun} answered"
    return f"{count(of.answered)} of {count(of.asked)} {noun} answered"


def _found(facts: Facts, min_confidence: float | None) -> str:
    asked = [seen for seen in facts.seen if seen.answered]
    asked = [seen for seen in asked if seen.items or seen.sight.none]
    told = [seen for seen in asked if not seen.sight.minor] or asked
    told.sort(key=lambda seen: seen.sight.named)  # those with names are long
    if not told or not facts.outlook.answered:
        return ""
    from_ = f" (from {min_confidence:g} % confidence on)" if min_confidence else ""
    return f"{from_}: {', '.join(_sight(seen, facts.outlook.answered) for seen in told)}"


def _sight(seen: Seen, answered: int) -> str:
    """`people in 9`; `people in 3 of 12` where not all that answered, of its kind, were asked for them."""
    part = seen.answered < (answered if seen.asked is None else seen.asked)
    if not seen.items:
        return seen.sight.none + (f" in the {count(seen.answered)} looked at for it" if part else "")
    many = count(seen.items) + (f" of {count(seen.answered)}" if part else "")
    names = ", ".join(f"{short(name, 40)} {count(items)}" for name, items in seen.names[:NAMES])
    return seen.sight.some.replace(" ({names})", f" ({names})" if names else "").replace("{n}", many, 1)


def _others(of: Outlook) -> Iterator[str]:
    if of.part:
        yield f"{count(of.part)} of them in part"
    if of.unread:
        yield f"{count(of.unread)} file{'s' * (of.unread != 1)} could not be read"
    if of.unsent:
        yield f"{count(of.unsent)} could not be sent"
    if of.failed:
        yield f"{count(of.failed)} failed"
    if of.spared:
        yield f"{count(of.spared)} not asked about, as no condition held"
    if of.unlisted:
        yield f"{count(of.unlisted)} file{'s' * (of.unlisted != 1)} left out as empty or unreadable"
    if of.pending:
        yield f"{count(of.pending)} not reached yet"
