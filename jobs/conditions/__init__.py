"""Conditions: whether an API is asked about a picture, by what other APIs answered on it. `--when 'faces: labels has
Person >= 60'`; docs/conditions.md describes the language.

Rule: a condition is checked against the catalogue's columns as it is read, and its text (`str`) reads back as itself.
"""

from jobs.conditions.asking import conditioned, needed, sources_first, under_conditions
from jobs.conditions.holding import holds, is_due
from jobs.conditions.reading import parse
from jobs.conditions.tree import Condition, reads

__all__ = [
    "Condition",
    "conditioned",
    "holds",
    "is_due",
    "needed",
    "parse",
    "reads",
    "sources_first",
    "under_conditions",
]
