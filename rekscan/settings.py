"""Settings: a flag beats the environment (`REKSCAN_*`), which beats the default. `rekscan doctor` prints origins."""

import re
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from cyclopts import Parameter
from pydantic import Field, ValidationError, field_validator

from jobs.aws.access import Aws, endpoint
from jobs.aws.region_names import is_name, refuse_unknown, regions
from jobs.errors import UsageError
from jobs.later import Later
from jobs.stage.names import Stage
from workers.environment import FromEnvironment
from workers.limits import WorkerLimits

if TYPE_CHECKING:
    from redis import connection as redis_urls

    from jobs.aws import clients
else:  # a tenth of a second each, for those who name a Redis, and for what our own flags do not say
    redis_urls, clients = Later("redis.connection"), Later("jobs.aws.clients")

_CALLS_IN_SHARD = 400
# What redis-py makes of a URL, beside the query's arguments that it knows.
_OF_A_REDIS = ("host", "port", "path", "username", "password", "client_name", "protocol", "connection_class")


class Settings(WorkerLimits, FromEnvironment):
    """Every setting with its default. Environment names are the field names in capitals after `REKSCAN_`."""

    PREFIX: ClassVar[str] = "REKSCAN_"

    home: str = Field("rekscan-jobs", description="job home: a directory or s3://bucket/prefix")
    redis_url: str | None = Field(
        None, description="Redis of a cluster; without it a server is started on this machine"
    )
    region: str | None = Field(None, description="AWS Region (else AWS_REGION, AWS_DEFAULT_REGION, the profile's)")
    profile: str | None = Field(None, description="AWS profile; several (a,b): a scan asks in each one's account")
    endpoint_url: str | None = Field(None, description="endpoint of both Rekognition and S3, instead of AWS")
    rekognition_endpoint_url: str | None = Field(None, description="endpoint of Rekognition alone")
    s3_endpoint_url: str | None = Field(None, description="endpoint of S3 alone")
    workers: int = Field(1, ge=1, le=256, description="worker processes a local scan starts")
    shard_size: int = Field(
        200, ge=1, le=500, description="items in a shard; not set: fewer where an item is more than two calls"
    )
    stage: str | None = Field(
        None, description="s3://bucket/prefix in the Region: where films of this machine are uploaded for Rekognition"
    )
    approve_under: Decimal = Field(Decimal("0"), ge=0, description="dollars under which a scan does not ask")

    @field_validator("home")
    @classmethod
    def _is_a_home(cls, home: str) -> str:
        scheme, sep, rest = home.partition("://")
        if not home.strip() or (sep and (scheme != "s3" or not rest.strip("/"))):
            raise ValueError("not a directory or s3://bucket/prefix")
        if not home.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in home):
            raise ValueError("its name is not UTF-8, which job.json and the report are")
        return home

    @field_validator("stage")
    @classmethod
    def _is_a_stage(cls, stage: str | None) -> str | None:
        return None if stage is None else Stage.parse(stage).uri

    @field_validator("profile")
    @classmethod
    def _is_profiles(cls, text: str | None) -> str | None:
        names = text.split(",") if text else []
        if len(names) > 1 and not all(re.fullmatch(r"[A-Za-z0-9_.+-]+", name) for name in names):
            raise ValueError("not profiles, as work,archive: of letters, digits and _ . + -")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice} is there twice, and an account has one quota: name each profile once")
        return text

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: str | None) -> str | None:
        if region is not None and not is_name(region):
            raise ValueError("not the name of a Region, as eu-west-1")
        return region

    @field_validator("redis_url")
    @classmethod
    def _is_of_redis(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            where = redis_urls.parse_url(url)
        except ValueError:
            where = {}
        plain = {*redis_urls.URL_QUERY_ARGUMENT_PARSERS, *_OF_A_REDIS}
        if odd := sorted(name for name in where if name not in plain and not name.startswith("ssl_")):
            raise ValueError(f"a URL of a Redis takes no {odd[0]!r}")
        if not (where.get("host") or where.get("path")):
            raise ValueError("not the URL of a Redis, as redis://queue:6379/0, rediss://... or unix:///path")
        return url

    @field_validator("endpoint_url", "rekognition_endpoint_url", "s3_endpoint_url")
    @classmethod
    def _is_an_endpoint(cls, url: str | None) -> str | None:
        return None if url is None else endpoint(url)

    def with_shards_for(self, calls: int) -> "Settings":
        """For items of so many calls each: shards of at most 400 calls, unless their size is set. Answers wait in Redis
        until their shard is done, which is all of a job's memory there that grows with its APIs."""
        if "shard_size" in self.model_fields_set:
            return self
        return self.model_copy(update={"shard_size": max(100, min(self.shard_size, _CALLS_IN_SHARD // max(1, calls)))})

    @property
    def aws(self) -> Aws:
        """How AWS is reached: all clients are made of this."""
        return Aws(
            self.region,
            self.profiles[0],
            s3_url=self.s3_endpoint_url or self.endpoint_url,
            rekognition_url=self.rekognition_endpoint_url or self.endpoint_url,
        )

    @property
    def profiles(self) -> tuple[str | None, ...]:
        """The job's own first; None: as the environment says."""
        return tuple(self.profile.split(",")) if self.profile else (None,)

    @property
    def rekognition_url(self) -> str | None:
        """Rekognition's endpoint when it is not AWS's own."""
        return self.aws.rekognition_url or clients.endpoint_of(self.aws, "rekognition")

    @property
    def s3_url(self) -> str | None:
        """S3's endpoint when it is not AWS's own."""
        return self.aws.s3_url or clients.endpoint_of(self.aws, "s3")

    def aws_region(self, default: str | None = None) -> str:
        """The Region, or a UsageError that says how to name one."""
        aws = self.aws
        region = aws.told_region or (clients.region_of(aws) if aws.is_configured else None) or default
        if region is None:
            raise UsageError(
                "no AWS Region is set", "Add --region us-east-1 (the Region of your bucket), or AWS_REGION."
            )
        return region

    def region_of_aws(self, default: str | None = None) -> str:
        """The same; a UsageError, too, where AWS is what is asked and it has no such Region."""
        region = self.aws_region(default)
        if region and region not in regions() and self.rekognition_url is None:
            refuse_unknown(region)
        return region


def _flag(help: str) -> Any:
    return Parameter(help=help, group="Connection")


@Parameter(name="*")
@dataclass(frozen=True)
class Connection:
    """Flags that many commands share."""

    home: Annotated[str | None, _flag("Job home: a directory or s3://bucket/prefix [rekscan-jobs].")] = None
    redis_url: Annotated[str | None, _flag("Redis of a cluster; without it this machine starts its own.")] = None
    region: Annotated[str | None, _flag("AWS Region.")] = None
    profile: Annotated[str | None, _flag("AWS profile. Several (a,b): a scan asks in each one's account.")] = None
    endpoint_url: Annotated[str | None, _flag("Endpoint of Rekognition and S3, instead of AWS.")] = None
    rekognition_endpoint_url: Annotated[str | None, _flag("Endpoint of Rekognition alone.")] = None
    s3_endpoint_url: Annotated[str | None, _flag("Endpoint of S3 alone.")] = None


def resolve(connection: Connection | None = None, **flags: Any) -> Settings:
    """Settings from flags (those that are not None), the environment and the defaults, in that order."""
    given = {f.name: getattr(connection, f.name) for f in fields(connection)} if connection else {}
    try:
        return Settings(**{name: value for name, value in {**given, **flags}.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        why = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"--{name.replace('_', '-')} (REKSCAN_{name.upper()}): {why}") from None
