"""AWS's own service model, as the tests ask it: does a path exist, does a value keep the rules, draw me an answer.

botocore checks required members, types and least lengths; patterns, enums, greatest lengths and blob sizes it leaves to
the server, so `violations` checks those.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from hypothesis import strategies as st


@cache
def operation(name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model("rekognition").operation_model(name)


def at(shape: Shape, path: str) -> Shape:
    """The shape at "Labels[].Instances[].Confidence"; KeyError where AWS has no such member."""
    for part in path.split("."):
        name = part.removesuffix("[]")
        shape = shape.members[name]
        if part.endswith("[]"):
            assert shape.type_name == "list", f"{path}: {name} is no list"
            shape = shape.member
    return shape


def violations(value: Any, shape: Shape, where: str = "") -> Iterator[str]:
    """What the server would refuse although botocore sends it, and members AWS does not have."""
    if shape.type_name == "structure":
        for key, member in value.items():
            if key in shape.members:
                yield from violations(member, shape.members[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: AWS has no such member"
        return
    rules = shape.metadata
    if shape.type_name == "list":
        for number, member in enumerate(value):
            yield from violations(member, shape.member, f"{where}[{number}]")
    if "enum" in rules and value not in rules["enum"]:
        yield f"{where}: {value!r} is not one of {rules['enum']}"
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
        yield f"{where}: {value!r} does not match {rules['pattern']}"
    size = len(value) if shape.type_name in ("string", "list", "blob") else value
    if "max" in rules and size > rules["max"]:
        yield f"{where}: {size} is over {rules['max']}"
    if "min" in rules and size < rules["min"]:
        yield f"{where}: {size} is under {rules['min']}"


@cache  # Hypothesis checks a strategy when it is first drawn from: of one made for each example, each time
def answers(shape: Shape) -> st.SearchStrategy[Any]:
    """Any answer AWS may give: each member present, absent or null; enums may have grown since this model."""
    match shape.type_name:
        case "structure":
            members = {name: st.one_of(answers(member), st.none()) for name, member in shape.members.items()}
            return st.fixed_dictionaries({}, optional=members)
        case "list":
            return st.lists(answers(shape.member), max_size=3)
        case "string":
            known = shape.metadata.get("enum")
            return st.one_of(st.sampled_from(known), st.text(max_size=5)) if known else st.text(max_size=12)
        case "integer":
            return st.integers(shape.metadata.get("min", -(2**31)), shape.metadata.get("max", 2**31 - 1))
        case "long":
            return st.integers(shape.metadata.get("min", -(2**63)), shape.metadata.get("max", 2**63 - 1))
        case "float":
            low, high = shape.metadata.get("min"), shape.metadata.get("max")
            return st.floats(low, high, width=32, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
    raise AssertionError(f"no strategy for {shape.type_name}: AWS's model has grown")
