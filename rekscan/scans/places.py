"""`--regions` and `--profile a,b`: the places that a scan asks at besides its own Region and account.

Rule: the first Region and the first profile are the job's own; each place is checked before anything is listed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jobs.aws.region_names import refuse_partitions, refuse_unknown
from jobs.errors import RekscanError, UsageError
from jobs.later import Later
from jobs.places import Place
from rekscan.settings import Settings

if TYPE_CHECKING:
    from jobs.aws import clients
else:  # boto3, which an estimate of numbers does not need
    clients = Later("jobs.aws.clients")


def in_places(
    settings: Settings, regions: tuple[str, ...], default: str | None = None, *, local: bool = False
) -> tuple[Settings, tuple[Place, ...]]:
    """The settings in the first of these Regions, whatever they say of one, and the other places. `default`: the Region
    where nobody names one; `local`: the bundled emulator is to answer. Raises UsageError where AWS has no Region or
    there is no profile of that name, and where they cannot be asked together."""
    profiles = settings.profiles
    for profile in profiles if settings.profile else ():
        clients.check_profile(profile)
    if not regions and len(profiles) < 2:
        return settings, ()
    for region in regions:
        settings.model_copy(update={"region": region}).region_of_aws()
        if len(regions) > 1:  # another endpoint may have one Region of its own; several quotas are AWS's
            refuse_unknown(region)
    refuse_partitions(regions)
    regions = regions or (settings.region_of_aws(default),)
    several = [*_of_account(regions, None)][1:]
    several += [place for profile in profiles[1:] for place in _of_account(regions, profile)]
    if several and local:
        raise UsageError(
            "several Regions or accounts are AWS's, and the bundled emulator is in none",
            "Leave --regions and all profiles but one out, or --local.",
        )
    return settings.model_copy(update={"region": regions[0]}), tuple(several)


def _of_account(regions: Iterable[str], profile: str | None) -> Iterator[Place]:
    """The Regions of an account; None: the job's own."""
    for region in regions:
        yield Place(region if profile is None else f"{region}/{profile}", region, profile=profile)


def with_accounts(places: tuple[Place, ...], settings: Settings, region: str) -> tuple[Place, ...]:
    """The places, each with the account whose quota it shares, beside the job's own in `region`. Raises RekscanError
    where credentials are not taken, and UsageError where two profiles are of one account, which has one quota."""
    if not places:
        return ()  # nobody is asked whose the credentials are
    aws = replace(settings.aws, region=region)
    seen = {(clients.account_of(aws), region): settings.profile or "the credentials in use"}
    found = []
    for place in places:
        account = place.account or _account(place, settings)
        if (other := seen.get((account, place.region))) is not None:
            raise UsageError(
                f"--profile: {place.profile} and {other} are of one account, {account}, which has one quota",
                "Name profiles of several accounts.",
            )
        seen[account, place.region] = place.profile or place.name
        found.append(replace(place, account=account))
    return tuple(found)


def same_accounts(places: Iterable[Place], settings: Settings) -> None:
    """Raises RekscanError where a profile is not of the account that the job was begun with."""
    for place in places:
        if place.profile is not None and (now := _account(place, settings)) != place.account:
            raise RekscanError(
                f"the job asks in the account {place.account}, and the profile {place.profile} is of {now}",
                f"Make {place.profile} that account's again, or say that it is meant: --other-account.",
            )


def _account(place: Place, settings: Settings) -> str:
    aws = replace(settings.aws, region=place.region, profile=place.profile or settings.aws.profile)
    found = clients.account_of(aws)
    return f"{found}/{place.profile}" if place.profile and found.startswith("endpoint:") else found
