"""`protective-equipment`: face, hand and head covers on people, by DetectProtectiveEquipment (15 people at most)."""

from collections.abc import Iterator, Mapping
from typing import Any

from jobs.apis.base import Api, Cap, Gist, Image, Limits, Param, Params
from jobs.apis.columns import EMPTY, FLAG, WHOLE, Columns, Range, box, column, one_of, percent, several, sides
from jobs.apis.sights import Sight, people
from jobs.items import Item

# botocore: enums BodyPart and ProtectiveEquipmentType
PARTS = ("FACE", "HEAD", "LEFT_HAND", "RIGHT_HAND")
KINDS = ("FACE_COVER", "HAND_COVER", "HEAD_COVER")
_PART, _FOUND = "Persons[].BodyParts[]", "Persons[].BodyParts[].EquipmentDetections[]"
SCHEMA = Columns(
    [
        column("person", WHOLE, "AWS's number of the person within the image, from 0", "Persons[].Id"),
        percent("confidence", "confidence that this is a person", "Persons[].Confidence"),
        *box("Persons[].BoundingBox", "person"),
        one_of(
            "required",
            ("with", "without", "indeterminate"),
            "with, without or indeterminate: the equipment the scan asked for; else null",
            "Summary",
        ),
        one_of("body_part", PARTS, "FACE, HEAD, LEFT_HAND or RIGHT_HAND; null: none was found", f"{_PART}.Name"),
        percent("body_part_confidence", "confidence of the body part", f"{_PART}.Confidence"),
        one_of("equipment", KINDS, "FACE_COVER, HAND_COVER or HEAD_COVER; null: nothing on it", f"{_FOUND}.Type"),
        percent("equipment_confidence", "confidence of the equipment", f"{_FOUND}.Confidence"),
        column("covers", FLAG, "the equipment covers the body part", f"{_FOUND}.CoversBodyPart.Value"),
        percent("covers_confidence", "confidence of that", f"{_FOUND}.CoversBodyPart.Confidence"),
        *box(f"{_FOUND}.BoundingBox", "equipment", "equipment_"),
    ]
)
BRIEF = Columns(
    [
        column(
            "person_count",
            WHOLE,
            "people found (15 at most)",
            "Persons[]",
            range=Range(0, 15, "a whole number, 0 to 15"),
        ),
        several("equipment", "kinds of equipment seen", f"{_FOUND}.Type"),
        column(
            "persons_without_equipment",
            WHOLE,
            "people without the equipment the scan asked for; null: none was asked for",
            "Summary.PersonsWithoutRequiredEquipment[]",
        ),
    ]
)
_SUMMARY = (
    ("with", "PersonsWithRequiredEquipment"),
    ("without", "PersonsWithoutRequiredEquipment"),
    ("indeterminate", "PersonsIndeterminate"),
)


def request(image: Image, item: Item, params: Params) -> dict[str, Any]:
    arguments: dict[str, Any] = {"Image": image}
    if params["required"]:
        arguments["SummarizationAttributes"] = {
            "MinConfidence": params["min_confidence"],
            "RequiredEquipmentTypes": list(params["required"]),
        }
    return arguments


def rows(response: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """One row per person, body part and piece of equipment: at least one per person and per body part."""
    said = response.get("Summary") or EMPTY
    required = {person: word for word, key in _SUMMARY for person in said.get(key) or ()}
    for person in response.get("Persons") or ():
        get = person.get
        left, top, width, height = sides(get("BoundingBox") or EMPTY)
        number = get("Id")
        head = (number, get("Confidence"), left, top, width, height, required.get(number))
        for part in get("BodyParts") or (EMPTY,):
            body = (*head, part.get("Name"), part.get("Confidence"))
            for found in part.get("EquipmentDetections") or (EMPTY,):
                covers = found.get("CoversBodyPart") or EMPTY
                yield (
                    *body, found.get("Type"), found.get("Confidence"), covers.get("Value"), covers.get("Confidence"),
                    *sides(found.get("BoundingBox") or EMPTY),
                )  # fmt: skip


def brief(response: Mapping[str, Any]) -> tuple[Any, ...]:
    persons = response.get("Persons") or ()
    kinds = {
        found.get("Type")
        for person in persons
        for part in person.get("BodyParts") or ()
        for found in part.get("EquipmentDetections") or ()
    }
    said = response.get("Summary")
    without = len(said.get("PersonsWithoutRequiredEquipment") or ()) if said else None
    return len(persons), "; ".join(sorted(kind for kind in kinds if kind)) or None, without


API = Api(
    name="protective-equipment",
    operation="DetectProtectiveEquipment",
    summary="Face, hand and head covers on up to 15 people.",
    sights=(
        people(),
        Sight("protective equipment in {n}", "no protective equipment", "equipment"),
        Sight("people without the equipment asked for in {n}", "", "required", "without"),
    ),
    meters=("image-group-2",),
    request=request,
    answer_keys=("Persons", "Summary", "ProtectiveEquipmentModelVersion"),
    rows=rows,
    columns=SCHEMA,
    brief=brief,
    brief_columns=BRIEF,
    cap=Cap(15, "people", lambda r: len(r.get("Persons") or ())),
    params=(
        Param(
            "required",
            "list",
            [],
            "equipment every person should wear, joined by +; adds a verdict per person",
            choices=KINDS,
            most=3,
        ),
        Param("min_confidence", "float", 80.0, "confidence for that verdict (AWS: none, but 50 to 100)", 50, 100),
    ),
    # limits.html: 4 MB as bytes, 64 px at least, 4,096 px at most. "4 MB" is read as MiB, as AWS's 5 MB is (INF).
    limits=Limits(max_bytes=4_194_304, min_side=64, max_side=4096),
    version_key="ProtectiveEquipmentModelVersion",
    name_column="equipment",
    unasked=lambda params: frozenset(() if params["required"] else ("required", "persons_without_equipment")),
    gist=Gist("people and equipment", brief),
)
