"""`rekscan collections`: the face collections of an account, what they cost by the month, and their end."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

from cyclopts import App, Parameter

from jobs.apis.collection import uri_of
from jobs.aws import clients, face_collections
from jobs.aws.face_collections import Collection
from jobs.errors import RekscanError
from jobs.money.prices import PriceTable, money, total
from jobs.money.stored import stored_prices
from jobs.words import count, dollars, table
from rekscan.console.output import print_json, print_line, print_lines, say, talk
from rekscan.scans.engine import logs
from rekscan.settings import Connection, Settings, resolve
from workers.supervisor import Supervisor

EMULATED_REGION = "us-east-1"  # where an endpoint that is not AWS is priced, unless a Region is given
HEADER = ("Collection", "Faces", "Users", "Model", "Created", "A month")
METERS = ("face-vectors", "user-vectors")

LocalFlag = Annotated[bool, Parameter(help="The collections of scans with --local.", negative=())]
JsonFlag = Annotated[bool, Parameter(help="Print a JSON document.", negative=())]

app = App(
    name="collections",
    help="List, describe and delete the face collections of an account, with their monthly cost.\n\n"
    "Example: `rekscan collections list --region us-east-1`",
)


@dataclass(frozen=True, slots=True)
class Account:
    """The Rekognition account the settings name, with the prices of its Region."""

    rekognition: Any
    region: str
    prices: PriceTable

    @classmethod
    @contextmanager
    def of(cls, settings: Settings, local: bool) -> "Iterator[Account]":
        """`local`: the collections that scans with --local keep in the job home."""
        with ExitStack() as stack:
            url = settings.rekognition_url
            if local and url is None:
                url = stack.enter_context(Supervisor(settings.home, logs=logs(settings))).emulator()
            region = settings.aws_region(EMULATED_REGION) if url else settings.region_of_aws()
            made = clients.rekognition(replace(settings.aws, region=region, rekognition_url=url), connections=1)
            yield cls(made, region, stored_prices())

    def monthly(self, faces: int, users: int) -> Decimal | None:
        """What so many vectors cost a month; None where a price is not known."""
        amounts = zip(METERS, (faces, users), strict=True)
        return total(self.prices.price(meter, self.region, units).usd for meter, units in amounts if units)


@app.command(name="list")
def list_(*, connection: Connection | None = None, local: LocalFlag = False, json: JsonFlag = False) -> int:
    """All collections with their faces and what they cost a month.

    rekscan collections list --region us-east-1
    """
    with Account.of(resolve(connection), local) as account:
        found = [
            face_collections.describe(account.rekognition, name) for name in face_collections.names(account.rekognition)
        ]
        _show(account, found, json=json)
        return 0


@app.command
def describe(
    name: str,
    *,
    faces: Annotated[bool, Parameter(help="Also list each face and the item it came from.", negative=())] = False,
    connection: Connection | None = None,
    local: LocalFlag = False,
    json: JsonFlag = False,
) -> int:
    """One collection: faces, model version, cost a month.

    rekscan collections describe people --faces
    """
    with Account.of(resolve(connection), local) as account:
        found = face_collections.describe(account.rekognition, name)
        stored = face_collections.faces(account.rekognition, name) if faces else ()
        rows = [(face.face_id, uri_of(face.external_image_id), face.external_image_id) for face in stored]
        if json:
            keys = ("face_id", "uri", "external_image_id")
            listed = {"faces_stored": [dict(zip(keys, row, strict=True)) for row in rows]} if faces else {}
            print_json({**_document(account, found), **listed})
            return 0
        _show(account, [found], json=False)
        for face_id, uri, external in rows:
            print_line(f"{face_id}  {uri or external or '-'}")
        return 0


@app.command
def delete(
    *names: str,
    yes: Annotated[bool, Parameter(help="Do not ask.", negative=())] = False,
    connection: Connection | None = None,
    local: LocalFlag = False,
    json: JsonFlag = False,
) -> int:
    """Delete collections with all their faces. It cannot be undone.

    rekscan collections delete people --yes
    """
    with Account.of(resolve(connection), local) as account:
        found = [face_collections.describe(account.rekognition, name) for name in dict.fromkeys(names)]
        if not found:
            raise RekscanError("no collection is named", "`rekscan collections list` shows those there are.", code=2)
        if not yes:
            _ask(account, found)
        for one in found:
            face_collections.delete(account.rekognition, one.name)
            if not json:
                print_line(f"deleted {one.name}: {_faces(one.faces)}")
        if json:
            print_json({"deleted": [_document(account, one) for one in found]})
        return 0


def _ask(account: Account, found: Sequence[Collection]) -> None:
    faces, users = sum(one.faces for one in found), sum(one.users for one in found)
    price = dollars(account.monthly(faces, users))
    what = f"{', '.join(one.name for one in found)} with {_faces(faces)} ({price} a month)"
    if not sys.stdin.isatty():
        raise RekscanError(f"not deleted: {what}", "Add --yes to delete without being asked.")
    talk.print(f"Delete {what}? This cannot be undone. [y/N] ", end="")
    if input().strip().lower() not in ("y", "yes"):
        raise RekscanError("nothing was deleted")


def _faces(number: int) -> str:
    return f"{count(number)} face{'s' * (number != 1)}"


def _show(account: Account, found: Sequence[Collection], *, json: bool) -> None:
    faces, users = sum(one.faces for one in found), sum(one.users for one in found)
    month = account.monthly(faces, users)
    if json:
        print_json(
            {
                "region": account.region,
                "collections": [_document(account, one) for one in found],
                "faces": faces,
                "usd_per_month": money(month),
                "prices": {"source": account.prices.source, "as_of": account.prices.as_of},
            }
        )
        return
    rows = [
        (
            one.name,
            count(one.faces),
            count(one.users),
            one.model_version or "-",
            f"{one.created_at:%Y-%m-%d %H:%M}" if one.created_at else "-",
            dollars(account.monthly(one.faces, one.users)),
        )
        for one in found
    ]
    if len(found) > 1:
        rows.append(("Total", count(faces), count(users), "", "", dollars(month)))
    if rows:
        print_lines(table(HEADER, rows, right=("Faces", "Users", "A month")))
    say(f"{len(found)} in {account.region}, at the prices of {account.prices.as_of} ({account.prices.source})")


def _document(account: Account, one: Collection) -> dict[str, Any]:
    return {
        "collection": one.name,
        "faces": one.faces,
        "users": one.users,
        "model_version": one.model_version,
        "created_at": one.created_at.isoformat() if one.created_at else None,
        "arn": one.arn,
        "usd_per_month": money(account.monthly(one.faces, one.users)),
    }
