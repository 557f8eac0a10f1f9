"""`rekscan doctor`: is everything there that a scan needs, and where does each setting come from."""

from dataclasses import fields
from typing import Annotated

from cyclopts import Parameter

from jobs.apis import Asked, ask
from jobs.aws.bucket_keys import bucket_keys
from jobs.places import Place
from rekscan import policies
from rekscan.checks import checked
from rekscan.console.output import print_json, print_line, say
from rekscan.flags import chosen_regions
from rekscan.origins import origins
from rekscan.scans.places import in_places
from rekscan.scans.priced import DEFAULT_REGION
from rekscan.settings import Connection, resolve

OF_A_LIST = "Under which keys of KMS a list's objects are is not in it: add kms:Decrypt on those."


def doctor(
    *source: str,
    api: Annotated[
        list[str] | None,
        Parameter(help="APIs: may these credentials call them? Of --policy: what is scanned for.", negative=()),
    ] = None,
    policy: Annotated[
        bool, Parameter(help="Print the least IAM policy for --api, SOURCE and the home.", negative=())
    ] = False,
    regions: Annotated[
        str | None, Parameter(help="Try each of these Regions, in the account of each --profile: us-east-1,us-west-2.")
    ] = None,
    stage: Annotated[str | None, Parameter(help="Look at this stage for films of this machine, too.")] = None,
    connection: Connection | None = None,
    json: Annotated[bool, Parameter(help="Print a JSON document.", negative=())] = False,
) -> int:
    """Check this machine, the credentials, Redis, S3 and Rekognition, and print each setting with its origin.

    With SOURCE it lists one object and reads a byte of it; with --api it calls each operation with what cannot be
    analysed, which AWS denies or refuses, and does not bill.

    Example: `rekscan doctor --api labels s3://bucket/2019/`
    """
    settings = resolve(connection, stage=stage)
    others: tuple[Place, ...] = ()
    if regions is not None or len(settings.profiles) > 1:
        settings, others = in_places(settings, chosen_regions(regions), DEFAULT_REGION)
    asked = ask(api or ()) if api or policy else Asked()
    if policy:
        region, places = settings.region_of_aws("") or "*", (*source, settings.home, settings.stage or "")
        keys = bucket_keys(settings.aws, policies.buckets(places))
        unknown = [*keys.unknown, *([OF_A_LIST] if any(map(policies.names_objects, source)) else [])]
        for line in unknown:
            say((line, "yellow"))
        print_json(policies.policy(asked, source, settings.home, region, settings.stage, keys.known))
        return 0
    given = {f.name for f in fields(connection) if getattr(connection, f.name) is not None} if connection else set()
    given |= {"stage"} if stage is not None else set()
    given |= {"region"} if regions is not None else set()
    checks, found = checked(settings, asked, source, others), origins(settings, frozenset(given))
    if json:
        shown = {each.name: {"value": each.value, "origin": each.origin} for each in found}
        print_json({"settings": shown, "checks": {name: one.to_json() for name, one in checks.items()}})
    else:
        for each in found:
            print_line(f"{each.name:<28} {'-' if each.value is None else each.value:<32} {each.origin}")
        print_line("")
        wide = max(12, *map(len, checks))
        for name, one in checks.items():
            print_line(f"{one.mark:<4} {name:<{wide}} {one.line}")
    return 0 if all(one.ok for one in checks.values()) else 1
